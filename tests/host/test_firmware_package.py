"""What an installer takes for the package is the package."""

import json
import re
from pathlib import Path

import boardcert

_FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"


def test_package_json_lists_every_module() -> None:
    """For `mpremote mip install`: each file once, under its own name."""
    package = json.loads((_FIRMWARE / "package.json").read_text())
    modules = sorted(path.name for path in (_FIRMWARE / "boardcert").glob("*.py"))
    assert package["urls"] == [[f"boardcert/{name}", f"boardcert/{name}"] for name in modules]


def test_versions_agree() -> None:
    """In the package, for mip, for freezing, and of the computer's half."""
    package = json.loads((_FIRMWARE / "package.json").read_text())
    manifest = re.search(r'version="([^"]+)"', (_FIRMWARE / "manifest.py").read_text())
    project = re.search(
        r'^version = "([^"]+)"', (_FIRMWARE.parent / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert manifest and project
    assert {package["version"], manifest.group(1), project.group(1)} == {boardcert.__version__}
