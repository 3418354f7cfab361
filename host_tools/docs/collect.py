"""What `make docs` adds to MkDocs: pages from the whole repository, and Mermaid without a network.

MkDocs wants all pages below one folder. Here they lie beside what they describe, and keep those
paths in the site, so that a link between two of them works in both.
"""

import hashlib
import re
import subprocess
import tarfile
from pathlib import Path

from boardcert_host.virtual.node import find_node
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

_ROOT = Path(__file__).resolve().parents[2]
_PAGES = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "SECURITY.md",
    "boards/*/board.md",
    "boards/*/main.py",
    "firmware/docs/*.*",
    "firmware/examples/*.*",
    "host_tools/docs/*.md",
    "tests/bench/README.md",
)
# Material for MkDocs would load it from a foreign host, unless the page has it already.
_MERMAID = "mermaid@11.17.2"
_MERMAID_SHA256 = "581ed7d74bd9048d0e3a91363927d72ef22942d7722546b27f7cc29e35390eb8"
_MERMAID_FILE = "package/dist/mermaid.min.js"
_SCRIPT = "assets/mermaid.min.js"
_DOWNLOAD_TIMEOUT_S = 300
# What a browser loads by itself; a link is followed by a person.
_LOADED = re.compile(
    r"<(?:script|img|iframe|link rel=\"?(?:stylesheet|icon))\b[^>]*?(?:src|href)=\"?([^\"\s>]+)"
)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Have each page load our copy of Mermaid."""
    config.extra_javascript.append(_SCRIPT)
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Take the pages from where they lie; of MkDocs' own *files*, those of the theme."""
    found = [file for file in files if file.src_dir != config.docs_dir]
    for path in sorted(path for pattern in _PAGES for path in _ROOT.glob(pattern)):
        source = path.relative_to(_ROOT).as_posix()
        found.append(File.generated(config, source, abs_src_path=str(path)))
    found.append(File.generated(config, _SCRIPT, abs_src_path=str(_mermaid())))
    return Files(found)


def on_post_build(*, config: MkDocsConfig) -> None:
    """Refuse a page that loads what the site does not have, from a foreign host for example."""
    for page in Path(config.site_dir).rglob("*.html"):
        for loaded in _LOADED.findall(page.read_text("utf-8")):
            root = Path(config.site_dir) if loaded.startswith("/") else page.parent
            if not (root / loaded.lstrip("/")).is_file():
                raise PluginError(f"{page.name} loads {loaded}, which is not in the site")


def _mermaid() -> Path:
    """Return the script, fetched from npm once; PluginError when it is not the pinned one."""
    script = _ROOT / "build" / "mermaid" / f"{_MERMAID}.js"
    if not script.exists():
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_bytes(_fetch(script.parent))
    if hashlib.sha256(script.read_bytes()).hexdigest() != _MERMAID_SHA256:
        raise PluginError(f"{script} is not the pinned Mermaid; delete it and try again")
    return script


def _fetch(directory: Path) -> bytes:
    command = [*find_node().npm, "pack", "--silent", _MERMAID]
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=_DOWNLOAD_TIMEOUT_S
    )
    if done.returncode:
        raise PluginError(f"{_MERMAID} could not be fetched from npm: {done.stderr.strip()}")
    package = directory / done.stdout.strip()
    with tarfile.open(package) as archive:
        member = archive.extractfile(_MERMAID_FILE)
        content = member.read() if member else b""
    package.unlink()
    return content
