"""Run `boardcert` in the test's own process."""

import json
from typing import Any

import pytest
from boardcert_host.cli import main


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any], str]:
    """Run a command with --json; return its exit code, its object and its messages."""
    code = main([*map(str, words), "--json"])
    output = capsys.readouterr()
    return code, json.loads(output.out), output.err
