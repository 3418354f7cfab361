"""A directory to work in, a request, and a CA."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory; the CA is in `ca` there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOARDCERT_CA_PASSPHRASE", raising=False)
    return tmp_path


@pytest.fixture
def request_file(workplace: Path) -> Path:
    """Return the file of a board's request, for kitchen.local."""
    from ca_cases import kitchen_request

    path = workplace / "kitchen.csr"
    path.write_bytes(kitchen_request())
    return path


@pytest.fixture
def anchor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Make a CA in the user's usual place, and return its certificate, to be trusted."""
    from boardcert_host.cli import main
    from boardcert_host.trust.anchors import read_anchor

    assert main(["ca", "init"]) == 0
    capsys.readouterr()
    return read_anchor(tmp_path / "ca" / "ca.crt")
