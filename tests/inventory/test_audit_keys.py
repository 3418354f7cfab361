"""`boardcert audit-keys`: what the comparison of all keys shows, also of forgotten boards."""

import json

import gmpy2
import pytest
from boardcert_host.certificates.certificate import describe, parse
from boardcert_host.cli import main
from boardcert_host.inventory import keys, store
from boardcert_host.trust.pins import add_pin, forget_pin
from certificates import make
from cryptography.hazmat.primitives.asymmetric import rsa
from inventory_cases import report, run
from primes import prime

pytestmark = pytest.mark.usefixtures("inventory")


def of_certificate(key=None):
    """Return the stored facts of a certificate for *key*."""
    return describe(parse(make(key=key).der))


def rsa_key(p, q):
    """Return the private key with these two primes."""
    exponent = pow(65537, -1, (p - 1) * (q - 1))
    parts = rsa.rsa_crt_dmp1(exponent, p), rsa.rsa_crt_dmq1(exponent, q), rsa.rsa_crt_iqmp(p, q)
    public = rsa.RSAPublicNumbers(65537, p * q)
    return rsa.RSAPrivateNumbers(p, q, exponent, *parts, public).private_key()


def audited(capsys, code=1):
    """Run the command; return its object."""
    capsys.readouterr()
    assert main(["audit-keys", "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_sound_keys_give_no_finding(three, capsys):
    """Sound keys give no finding; boards without a full key are counted separately."""
    add_pin("kitchen.local", of_certificate())
    told = audited(capsys, 0)
    assert (told["ok"], told["findings"]) == (True, [])
    assert (told["keys"], told["rsa_keys"], told["unseen"]) == (1, 0, 3)
    assert main(["audit-keys"]) == 0
    output = capsys.readouterr()
    assert output.out == "1 key, 0 of RSA: nothing found\n"
    assert "3 keys have not been seen yet" in output.err


def test_nothing_known_is_nothing_found(capsys):
    """An empty inventory gives no finding."""
    assert audited(capsys, 0)["keys"] == 0


def test_shared_primes_and_weak_keys_are_found(capsys):
    """Shared primes and weak keys are found, also in the former key of a forgotten board."""
    a, b, c = (prime(1024, name) for name in "abc")
    add_pin("attic.local", of_certificate(rsa_key(a, b)))
    forget_pin("attic.local")
    add_pin("kitchen.local", of_certificate(rsa_key(a, c)))
    add_pin("hall.local", of_certificate(rsa_key(b, int(gmpy2.next_prime(b)))))
    told = audited(capsys)
    found = [(one["kind"], sorted(one["units"])) for one in told["findings"]]
    assert (told["rsa_keys"], len(found)) == (3, 3)
    assert ("shared prime", ["attic.local, forgotten", "kitchen.local"]) in found
    assert ("shared prime", ["attic.local, forgotten", "hall.local"]) in found
    assert found[-1] == ("weak key", ["hall.local"])
    assert "(Fermat)" in told["findings"][-1]["detail"]


def test_a_key_of_a_former_unit_is_found(capsys):
    """A key of a forgotten unit is found on another."""
    facts = of_certificate()
    add_pin("kitchen.local", report(1) | facts)
    forget_pin("kitchen.local")
    add_pin("hall.local", report(2) | facts)
    (finding,) = audited(capsys)["findings"]
    assert finding["kind"] == "shared key"
    units = ["kitchen.local (unit e6601), forgotten", "hall.local (unit e6602)"]
    assert finding["units"] == units
    assert main(["audit-keys"]) == 1
    assert "SHARED KEY: one key, several units: kitchen.local (unit" in capsys.readouterr().out


def test_keys_are_exported_and_imported(capsys, tmp_path, monkeypatch):
    """Keys of forgotten boards are exchanged, too; one that differs from its pin is refused."""
    add_pin("attic.local", report(1) | of_certificate())
    forget_pin("attic.local")
    add_pin("kitchen.local", report(2) | of_certificate())
    path = tmp_path / "boards.jsonl"
    run(capsys, "export", str(path))
    with store.reading() as connection:
        before = dict(keys.seen(connection))
    monkeypatch.setenv("BOARDCERT_INVENTORY", str(tmp_path / "other.db"))
    run(capsys, "import", str(path))
    with store.reading() as connection:
        assert dict(keys.seen(connection)) == before and len(before) == 2
    first, second = (json.loads(line)["key"] for line in path.read_text().splitlines()[-3:-1])
    text = path.read_text().replace(first["public_key"], second["public_key"])
    path.write_text(text)
    assert main(["import", str(path)]) == 3
    assert "is another" in capsys.readouterr().err
