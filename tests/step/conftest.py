"""A board's real page, and a real step-ca."""

import shutil
from collections.abc import Iterator

import known_board
import pytest
import step_ca
from step_ca import StepCA

client = known_board.client
host = known_board.host


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StepCA]:
    """Run a step-ca."""
    if not shutil.which("go") or not step_ca.PACKAGE.exists():
        pytest.skip("golang-github-smallstep-certificates-dev is not installed, or go")
    with step_ca.step_ca(tmp_path_factory.mktemp("step")) as found:
        yield found
