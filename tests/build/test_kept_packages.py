"""A package built earlier from the same sources is read from the user's cache."""

import threading
from pathlib import Path

import pytest
from boardcert_host.build import kept, package


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache."""
    monkeypatch.setenv("BOARDCERT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "packages"


def _made(origin: object, text: str) -> dict[str, str]:
    return kept.kept_sources(origin, lambda: {"module": text})


def test_the_same_origin_is_made_once(cache: Path) -> None:
    """A package is built once for each origin."""
    assert _made("a", "first") == {"module": "first"}
    assert _made("a", "second") == {"module": "first"}
    assert _made("b", "second") == {"module": "second"}
    assert len(list(cache.iterdir())) == 2


def test_a_checkout_that_changes_while_it_runs_changes_nothing(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packages are kept as made by the program that runs, not by newer files in its place."""
    _made("a", "first")
    (tmp_path / "newer.py").write_text("another = 1\n")
    monkeypatch.setattr(kept, "__file__", str(tmp_path / "kept.py"))
    assert _made("a", "second") == {"module": "first"}
    assert len(list(cache.iterdir())) == 1


def test_who_comes_while_it_is_made_waits_for_it(cache: Path) -> None:
    """Concurrent processes wait for one build, as it takes five seconds of CPU time."""
    is_begun, is_made_twice = threading.Event(), threading.Event()

    def make() -> dict[str, str]:
        is_begun.set()
        is_made_twice.wait(0.3)
        return {"module": "first"}

    def make_again() -> dict[str, str]:
        is_made_twice.set()
        return {"module": "second"}

    making = threading.Thread(target=kept.kept_sources, args=("a", make))
    making.start()
    is_begun.wait()
    assert kept.kept_sources("a", make_again) == {"module": "first"}
    making.join()
    assert not is_made_twice.is_set()


def test_a_change_of_the_program_makes_it_anew(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed transformation or another Python version causes a new build."""
    _made("a", "first")
    with monkeypatch.context() as context:
        context.setattr(kept, "_PROGRAM", ["another"])
        assert _made("a", "second") == {"module": "second"}
    monkeypatch.setattr("sys.version", "another")
    assert _made("a", "third") == {"module": "third"}


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b"\xff"])
def test_a_damaged_file_is_made_anew(cache: Path, damage: bytes) -> None:
    """A damaged file is built again, even if only one letter of a module differs."""
    _made("a", "first")
    (path,) = cache.iterdir()
    path.write_bytes(damage or path.read_bytes().replace(b"first", b"fjrst"))
    assert _made("a", "second") == {"module": "second"}
    assert _made("a", "third") == {"module": "second"}


def test_a_cache_that_cannot_be_written_is_no_error(cache: Path) -> None:
    """If the cache cannot be written, the package is built each time."""
    cache.parent.mkdir()
    cache.write_text("a file where the directory would be")
    assert _made("a", "first") == {"module": "first"}
    assert _made("a", "second") == {"module": "second"}


def test_the_oldest_are_removed(cache: Path) -> None:
    """The oldest packages are removed, so the cache does not grow with each change."""
    for number in range(kept._MOST_FILES + 3):
        _made(number, "module")
    assert len(list(cache.iterdir())) == kept._MOST_FILES


def test_what_is_read_is_what_is_made(cache: Path) -> None:
    """The cache returns the built package unchanged, in its smallest form."""
    made = package._make_sources("armv6m", package.Form.APART)
    for _ in range(2):
        package._package_sources.cache_clear()
        assert package.package_sources("armv6m", package.Form.APART) == made
    assert list(cache.iterdir())
