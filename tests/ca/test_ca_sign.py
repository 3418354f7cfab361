"""`boardcert ca sign` and `list`: requests in files, keys made here, and CAs of other tools."""

import json
import stat
from pathlib import Path

from boardcert_host.ca.store import Store
from boardcert_host.certificates.certificate import key_pin
from boardcert_host.cli import main
from boardcert_host.trust import pins
from ca_cases import KEY, kitchen_request, make_request, names, run
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID


def test_sign_answers_a_request_in_a_file(workplace, request_file, capsys):
    """The certificate is NAME.crt, a copy is kept, and both paths are printed."""
    assert main(["ca", "init"]) == 0
    capsys.readouterr()
    assert main(["ca", "sign", str(request_file), "--san", "192.168.4.1"]) == 0
    output = capsys.readouterr().out
    assert "kitchen.local, 192.168.4.1" in output and "kitchen.local.crt" in output
    leaf = x509.load_pem_x509_certificate((workplace / "kitchen.local.crt").read_bytes())
    leaf.verify_directly_issued_by(Store(workplace / "ca").certificates()[0])
    code, answer = run(capsys, "ca", "list")
    assert code == 0
    (issued,) = answer["issued"]
    assert issued["serial_number"] == f"{leaf.serial_number:x}"
    assert issued["names"] == ["kitchen.local", "192.168.4.1"]
    assert main(["ca", "list"]) == 0
    date, _, rest = capsys.readouterr().out.partition("  ")
    assert date == f"{leaf.not_valid_after_utc:%Y-%m-%d}"
    days, _, rest = rest.lstrip().partition(" days  ")
    assert rest == f"{leaf.serial_number:x}  kitchen.local, 192.168.4.1\n"
    assert 820 <= int(days) <= 825


def test_names_of_the_request_can_be_left_out(workplace, request_file, capsys):
    """An administrator chooses the names; a repeated name is issued once."""
    main(["ca", "init"])
    capsys.readouterr()
    sign = ["ca", "sign", request_file]
    code, answer = run(capsys, *sign, "--only-names", "--san", "*.boards.example")
    assert code == 0 and answer["certificate"]["names"] == ["*.boards.example"]
    assert answer["file"] == "_.boards.example.crt"
    code, answer = run(capsys, *sign, "--san", "Kitchen.local", "-o", "two.crt")
    assert code == 0 and answer["certificate"]["names"] == ["kitchen.local"]
    code, answer = run(capsys, *sign, "--only-names")
    assert code == 2 and "no name" in answer["error"]["message"]


def test_a_request_alone_gets_no_name_of_somebody_else(workplace, capsys):
    """A compromised board's request for a bank's name needs the user's consent."""
    main(["ca", "init"])
    capsys.readouterr()
    wanted = names(x509.DNSName("kitchen.local"), x509.DNSName("www.bank.com"))
    Path("a.csr").write_bytes(make_request(wanted))
    code, answer = run(capsys, "ca", "sign", "a.csr", "--san", "hall.local")
    assert (
        code == 1 and "asks for www.bank.com, which a request alone" in answer["error"]["message"]
    )
    assert "--san www.bank.com" in answer["error"]["hint"]
    assert not (workplace / "ca" / "issued").exists() and not list(workplace.glob("*.crt"))
    code, answer = run(capsys, "ca", "sign", "a.csr", "--san", "www.bank.com")
    assert code == 0 and answer["certificate"]["names"] == ["kitchen.local", "www.bank.com"]
    assert main(["ca", "sign", "a.csr", "--only-names", "--san", "kitchen.local", "--force"]) == 0


def test_a_name_of_the_router_needs_a_pin_or_a_persons_word(workplace, capsys):
    """A router's name in a request file needs a pin or certificate of its key here, or consent."""
    main(["ca", "init"])
    capsys.readouterr()
    wanted = names(x509.DNSName("kitchen.local"), x509.DNSName("kitchen.lan"))
    Path("a.csr").write_bytes(make_request(wanted))
    code, answer = run(capsys, "ca", "sign", "a.csr")
    assert code == 1 and "asks for kitchen.lan, which a request alone" in answer["error"]["message"]
    facts = {"public_key_pin": key_pin(KEY.public_key()), "fingerprint": ":".join(["AB"] * 32)}
    pins.add_pin("kitchen.lan", facts)
    assert run(capsys, "ca", "sign", "a.csr")[0] == 0
    pins.forget_pin("kitchen.lan")
    assert run(capsys, "ca", "sign", "a.csr", "--force")[0] == 0  # In a certificate of this CA.


def test_a_name_that_is_pinned_for_another_key_needs_a_persons_word(workplace, capsys):
    """A name pinned for another key needs consent, even if no certificate has it."""
    main(["ca", "init"])
    capsys.readouterr()
    Path("a.csr").write_bytes(kitchen_request())
    other = key_pin(ec.generate_private_key(ec.SECP256R1()).public_key())
    facts = {"public_key_pin": other, "fingerprint": ":".join(["AB"] * 32)}
    pins.add_pin("kitchen.local:20034", facts)
    code, answer = run(capsys, "ca", "sign", "a.csr")
    assert code == 1 and "kitchen.local, pinned for another key" in answer["error"]["message"]
    assert run(capsys, "ca", "sign", "a.csr", "--san", "kitchen.local")[0] == 0


def test_a_name_that_another_key_has_needs_a_persons_word(workplace, request_file, capsys):
    """A name that another key has needs consent: the board has a new key, or is an impostor."""
    main(["ca", "init"])
    sign = ["ca", "sign", str(request_file), "--force"]
    assert main(sign) == 0
    assert main(sign) == 0
    assert "another key" not in capsys.readouterr().err
    request_file.write_bytes(kitchen_request(key=ec.generate_private_key(ec.SECP256R1())))
    assert main(sign) == 1
    answer = capsys.readouterr().err
    assert "another key has a certificate for kitchen.local" in answer
    assert (
        "--san kitchen.local grants it" in answer
        and len(list((workplace / "ca" / "issued").iterdir())) == 2
    )
    assert main([*sign, "--san", "kitchen.local"]) == 0
    message = "note: another key already has a certificate for kitchen.local"
    assert message in capsys.readouterr().err


def test_an_answer_is_not_written_over_a_file(workplace, request_file, capsys):
    """An existing file is overwritten with --force only."""
    main(["ca", "init"])
    (workplace / "other.crt").write_text("precious")
    sign = ["ca", "sign", str(request_file), "-o", "other.crt"]
    assert main(sign) == 3
    assert (workplace / "other.crt").read_text() == "precious"
    assert not (workplace / "ca" / "issued").exists()
    assert main([*sign, "--force"]) == 0
    assert "BEGIN CERTIFICATE" in (workplace / "other.crt").read_text()
    (workplace / "kitchen.local.crt").write_text("precious")
    assert main(sign[:-2]) == 3
    assert len(list((workplace / "ca" / "issued").iterdir())) == 1


def test_what_could_not_be_written_is_on_the_list_all_the_same(workplace, request_file, capsys):
    """The list contains everything that was signed, even if its file could not be written."""
    main(["ca", "init"])
    (workplace / "file").write_text("no directory")
    assert main(["ca", "sign", str(request_file), "-o", "file/a.crt"]) == 3
    assert len(list((workplace / "ca" / "issued").iterdir())) == 1


def test_a_long_life_is_signed_with_a_note(workplace, request_file, capsys):
    """A validity that Apple's clients refuse gets a note; none exceeds the CA's."""
    main(["ca", "init"])
    capsys.readouterr()
    assert main(["ca", "sign", str(request_file), "--days", "9" * 12]) == 0
    messages = capsys.readouterr().err
    assert "Apple's clients refuse more than 825 days" in messages
    assert "it expires with the CA" in messages


def test_a_new_key_is_made_here(workplace, capsys):
    """A new key is its owner's only, never overwrites another, and is removed on failure."""
    main(["ca", "init", "--permit", "local"])
    capsys.readouterr()
    sign = ["ca", "sign", "--new-key", "hall.key", "--san"]
    code, answer = run(capsys, *sign, "bank.example")
    assert code == 1 and not (workplace / "hall.key").exists()
    code, answer = run(capsys, *sign, "hall.local")
    assert code == 0 and answer["key_file"] == "hall.key"
    pem = (workplace / "hall.key").read_bytes()
    assert stat.S_IMODE((workplace / "hall.key").stat().st_mode) == 0o600
    leaf = x509.load_pem_x509_certificate((workplace / "hall.local.crt").read_bytes())
    assert leaf.public_key() == load_pem_private_key(pem, None).public_key()
    assert pem.decode() not in json.dumps(answer)
    assert main(["ca", "sign", "--new-key", "hall.key", "--san", "a.local"]) == 3
    assert (workplace / "hall.key").read_bytes() == pem and not (workplace / "a.local.crt").exists()


def test_an_intermediate_ca_sends_itself_along(workplace, request_file, capsys):
    """If ca.crt is an intermediate CA followed by its root, the issued chain contains it."""
    main(["ca", "init", "company"])
    capsys.readouterr()
    root = Store(workplace / "company")
    issuer = root.load(lambda: "")
    key = ec.generate_private_key(ec.SECP384R1())
    store = Store(workplace / "ca")
    one = issuer.certificate
    builder = x509.CertificateBuilder(
        one.subject,
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Boards")]),
        key.public_key(),
        one.serial_number + 1,
        one.not_valid_before_utc,
        one.not_valid_after_utc,
    )
    for extension in one.extensions:
        if isinstance(extension.value, x509.BasicConstraints | x509.KeyUsage):
            builder = builder.add_extension(extension.value, extension.critical)
    middle = builder.sign(issuer.key, hashes.SHA384())
    chain = [each.public_bytes(Encoding.PEM) for each in (middle, one)]
    store.directory.mkdir()
    store.certificate_file.write_bytes(b"".join(chain))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    store.key_file.write_bytes(pem)
    store.key_file.chmod(0o600)
    code, _ = run(capsys, "ca", "sign", request_file)
    assert code == 0
    leaf, sent = x509.load_pem_x509_certificates(Path("kitchen.local.crt").read_bytes())
    assert sent == middle
    leaf.verify_directly_issued_by(middle)


def test_a_ca_whose_key_others_can_read_is_not_used(workplace, request_file, capsys):
    """A CA key that others can read is refused, as ssh does."""
    main(["ca", "init"])
    (workplace / "ca" / "ca.key").chmod(0o640)
    capsys.readouterr()
    assert main(["ca", "sign", str(request_file)]) == 3
    assert "is readable by others" in capsys.readouterr().err


def test_a_ca_that_is_damaged_is_told_as_such(workplace, request_file, capsys):
    """Mismatched key and certificate, a device's certificate, and garbage are reported as such."""
    main(["ca", "init"])
    main(["ca", "init", "other"])
    capsys.readouterr()
    ca, other = workplace / "ca", workplace / "other"
    key, certificate = (ca / "ca.key").read_bytes(), (ca / "ca.crt").read_bytes()
    sign = ["ca", "sign", str(request_file)]

    def refused(message, code=3):
        assert main(sign) == code
        assert message in capsys.readouterr().err

    (ca / "ca.key").write_bytes((other / "ca.key").read_bytes())
    refused("is not the key of")
    (ca / "ca.key").write_bytes(b"garbage")
    refused("ca.key holds no readable private key", 1)
    (ca / "ca.key").write_bytes(key)
    (ca / "ca.crt").write_bytes(b"garbage")
    refused("holds no readable certificate", 1)
    (ca / "ca.crt").write_bytes(certificate)
    assert main(sign) == 0
    leaf = Path("kitchen.local.crt").read_bytes()
    (ca / "ca.crt").write_bytes(leaf)
    refused("is not a CA: its certificate may not sign others", 1)


def test_two_boards_with_one_key_are_noticed(workplace, capsys):
    """Of two boards with a copied flash, the second gets no certificate; the first may again."""
    main(["ca", "init"])
    capsys.readouterr()

    def sign(number):
        attributes = [(NameOID.COMMON_NAME, "kitchen"), (NameOID.SERIAL_NUMBER, number)]
        subject = x509.Name([x509.NameAttribute(*attribute) for attribute in attributes])
        Path("a.csr").write_bytes(kitchen_request(subject=subject))
        return run(capsys, "ca", "sign", "a.csr", "--force")

    assert sign("e661")[0] == 0
    code, answer = sign("e662")
    assert code == 1 and "the board e661 has the same key" in answer["error"]["message"]
    assert sign("e661")[0] == 0
    assert len(run(capsys, "ca", "list")[1]["issued"]) == 2
