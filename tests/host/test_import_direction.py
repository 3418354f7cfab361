"""The device package's modules import only in the direction that the design draws."""

import ast
from pathlib import Path

import pytest
from boardcert.credentials import lifecycle
from boardcert_host.build_package import kernel_source
from boardcert_host.rooms import read_flat

_PACKAGE = Path(__file__).resolve().parents[2] / "firmware" / "boardcert"
_SOURCES = read_flat(_PACKAGE)

# The pure modules: bytes in, bytes out. Each may import those before it, and, of the
# interpreter's, what computes only: no files, clock, network, printing or entropy.
_PURE = (
    "fields",
    "der",
    "oids",
    "sha512_block",
    "sha384",
    "sha512",
    "drbg",
    "ec",
    "inverse",
    "ladder",
    "bigint_engine",
    "window",
    "p256_comb",
    "p521_comb",
    "curves",
    "p384_comb",
    "p384_reduce",
    "p384_bigint",
    "p384_kernel",
    "ecdsa",
    "rsa_bigint",
    "rsa_kernel",
    "rsa",
    "rsa_generate",
    "keys",
    "signatures",
    "x509",
    "certificate",
    "pem",
    "key_import",
    "chain",
)
# What is loaded when it is first needed; they come after it because they use its constants.
_LATE = {
    "ec": {"inverse", "ladder", "p384_kernel", "p384_bigint"},
    "bigint_engine": {"window"},
    "sha384": {"sha512"},
    "rsa": {"rsa_generate"},
}
# The assembler kernels import nothing of the package; only these use them.
_KERNELS = {"sha384": "kernel_sha512", "p384_kernel": "kernel", "rsa_kernel": "kernel_rsa"}
_COMPUTING = {"array", "binascii", "hashlib", "micropython", "struct", "uctypes"}


def _tree(name: str) -> ast.Module:
    return ast.parse(_SOURCES[name])


def _imports(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return the modules of the package, and the others, that are imported anywhere in *tree*."""
    own: set[str] = set()
    others: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            others.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            others.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.module:
            own.add(node.module)
        elif isinstance(node, ast.ImportFrom):
            own.update(alias.name for alias in node.names)
    return own, others


@pytest.mark.parametrize("name", _PURE)
def test_pure_module_imports_only_what_comes_before_it(name: str) -> None:
    """And of the interpreter's modules only those that compute."""
    own, others = _imports(_tree(name))
    allowed = {*_PURE[: _PURE.index(name)], *_LATE.get(name, ())}
    if name in _KERNELS:
        allowed.add(_KERNELS[name])
    assert own <= allowed
    assert others <= _COMPUTING


def test_kernel_imports_nothing_of_the_package() -> None:
    """Its parts are concatenated, so each name is defined once."""
    tree = ast.parse(kernel_source())
    own, others = _imports(tree)
    assert not own
    assert others <= _COMPUTING
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    names += [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", _PURE)
def test_pure_module_neither_prints_nor_opens_files(name: str) -> None:
    """Its input is arguments, its output is what it returns."""
    calls = {
        node.func.id
        for node in ast.walk(_tree(name))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert calls.isdisjoint({"print", "open", "input"})


def test_modules_of_the_package_are_imported_relatively() -> None:
    """So that the package works under any directory of the board."""
    for name, source in _SOURCES.items():
        _, others = _imports(ast.parse(source))
        assert "boardcert" not in others, name


def test_modules_with_native_code_are_kept_on_esp32() -> None:
    """All but those of kernels, for another processor: ec and rsa, kept, try them once."""
    native = {name for name, source in _SOURCES.items() if "\n@micropython." in source}
    assert native - {"p384_kernel", "rsa_kernel"} | {"ec", "rsa"} == set(lifecycle._NATIVE)
