"""The lists of the installers agree with the package."""

import json
import re
from pathlib import Path

import boardcert
from boardcert_host.build.load_plan import load_plan

_FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"


def test_package_json_lists_every_module() -> None:
    """package.json for `mpremote mip install` lists each file once, in its room; no kernels."""
    package = json.loads((_FIRMWARE / "package.json").read_text())
    files = (_FIRMWARE / "boardcert").rglob("*.py")
    files = [path for path in files if path.stem not in load_plan().compiled_only]
    names = sorted(path.relative_to(_FIRMWARE).as_posix() for path in files)
    assert package["urls"] == [[name, name] for name in names]


def test_versions_agree() -> None:
    """The versions for the package, mip, freezing and the host are the same."""
    package = json.loads((_FIRMWARE / "package.json").read_text())
    manifest = re.search(r'version="([^"]+)"', (_FIRMWARE / "manifest.py").read_text())
    project = re.search(
        r'^version = "([^"]+)"', (_FIRMWARE.parent / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert manifest and project
    assert {package["version"], manifest.group(1), project.group(1)} == {boardcert.__version__}
