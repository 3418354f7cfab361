"""The steps of an answer: what they read, and which modules are in memory together."""

import re
from pathlib import Path

import certificates
import portal_server
from issued import pem
from portal_server import serving_page

# The page; a file gets a line for each import, with the package's modules loaded after it.
_WATCHED = portal_server._SERVE.replace(
    "asyncio.run(",
    """
import builtins

def watched(*arguments):
    found = whole(*arguments)
    with open(sys.argv[1] + ".imports", "a") as file:
        print(*sys.modules, file=file)
    return found

whole = builtins.__import__
builtins.__import__ = watched
asyncio.run(""",
)
_READERS = {"boardcert.page.body", "boardcert.page.texts", "boardcert.asn1.pem_blocks"}
_REFUSES = "boardcert.page.http"


def test_what_has_read_a_text_is_gone_before_it_is_refused(tmp_path: Path) -> None:
    """A text's parser is released before the text is refused: together they take 52 KB."""
    with serving_page(tmp_path / "identity", code=_WATCHED) as client:
        bearer = {"Authorization": f"Bearer {client.token}"}
        assert client.request("POST", "/api/install", b"{}", bearer)[0].status == 415
        assert client.api("install", {"chain": "garbage"}, client.token)[0] == 422
        text = "-----BEGIN CERTIFICATE-----\n" + "A" * 4000
        assert client.api("install", {"chain": text}, client.token)[0] == 422
    lines = (tmp_path / "identity.imports").read_text().splitlines()
    loaded = [set(line.split()) for line in lines]
    assert set().union(*loaded) >= _READERS
    assert any(_REFUSES in modules for modules in loaded)
    assert not [modules for modules in loaded if _REFUSES in modules and modules & _READERS]


def test_texts_are_read_however_their_lines_break(tmp_path: Path) -> None:
    """Texts are read in one line between borders, in long lines, and with joined files."""
    ca = certificates.make_ca()
    leaf = certificates.make(issuer=ca)
    whole = pem(leaf, ca).decode()
    joined = whole.replace("CERTIFICATE", "X509 CERTIFICATE").replace("-\n-", "--")
    assert "-----END X509 CERTIFICATE----------BEGIN X509 CERTIFICATE-----" in joined
    in_one_line = re.sub(r"(?<=[^-])\n(?=[^-])", "", whole)
    assert len(in_one_line.splitlines()) == 6
    with serving_page(tmp_path / "identity") as client:
        for text in (joined, in_one_line, whole.replace("\n", "\r\n")):
            values = {"chain": text, "key": leaf.key_pem().decode()}
            status, report = client.api("install", values, client.token)
            assert (status, report["source"]) == (200, "installed"), report
            assert client.api("remove", {}, client.token)[0] == 200
