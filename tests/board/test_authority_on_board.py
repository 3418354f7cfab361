"""A board gets its own authority by `boardcert set`, and a computer trusts it."""

import json
import ssl
from pathlib import Path

import pytest
from boardcert_host.cli import main
from boardcert_host.trust import kept_authorities
from boardcert_host.virtual import VirtualBoard
from ca_cases import listed, make_nss

_NAME = "kitchen.local"
_NSS = ("--only", "nss", "--yes")


@pytest.mark.needs("certutil")
def test_a_board_is_trusted_by_its_own_authority(
    kitchen: VirtualBoard, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The board's key stays the same there and back; the USB report shows the authority."""

    def run(*words: str) -> dict:
        code = main([*words, "--json"])
        found = capsys.readouterr()
        assert code == 0, found
        return json.loads(found.out)

    database = home / ".pki/nssdb"
    make_nss(database)
    at = "{}:{}".format(*kitchen.uart_address)
    there = (at, "--name", _NAME)
    run("token", _NAME, "--usb", kitchen.usb_port)
    own_key = run("pin", "list")["pins"][0]["public_key_pin"]
    assert main(["set", *there, "chain=authority"]) == 0
    assert f"next, on each computer: boardcert ca trust {at}" in capsys.readouterr().err
    answer = run("ca", "trust", *there, *_NSS)
    (kept,) = kept_authorities.kept([_NAME])
    assert answer["authorities"] == [{"ca": kept.title, "file": str(kept.file)}]
    assert len(listed(database)) == 1
    (host,) = run("verify", *there)["hosts"]
    assert host["certificate"]["public_key_pin"] == own_key
    assert "told to trust" in {one["id"]: one["detail"] for one in host["checks"]}["chain"]
    file = tmp_path / "kitchen.crt"
    assert main(["ca", "trust", *there, "--usb", kitchen.usb_port, "-o", str(file)]) == 0
    assert ssl.PEM_cert_to_DER_cert(file.read_text()) == kept.der
    assert main(["set", *there, "chain=self"]) == 0
    still = f"this computer still trusts its authority: boardcert ca untrust {at} ends that"
    assert still in capsys.readouterr().err
    (host,) = run("verify", *there)["hosts"]
    assert (host["certificate"]["public_key_pin"], host["authority"]) == (own_key, None)
    run("ca", "untrust", _NAME, *_NSS)
    assert listed(database) == [] and kept_authorities.kept([_NAME]) == []
