"""Borrowing modules of the package, and releasing them."""

import sys

import boardcert
from boardcert import modules
from boardcert.modules import borrowed
from helpers import raises
from identities import Replaced


class Module:
    """A module found by an import."""


class System:
    """Replaces sys, with a package that has modules *names*."""

    def __init__(self, *names):
        self.platform = "rp2"
        self.package = Module()
        self.modules = {boardcert.__name__: self.package, "other": Module()}
        self.load(*names)

    def load(self, *names):
        """Import modules."""
        for name in names:
            self.modules["boardcert." + name] = Module()
            setattr(self.package, name, self.modules["boardcert." + name])

    def loaded(self):
        """Return the names of the package's modules that are loaded, sorted."""
        return sorted([name[10:] for name in self.modules if name[:10] == "boardcert."])


class Collector:
    """Replaces gc."""

    def __init__(self):
        self.count = 0

    def collect(self):
        """Count the call."""
        self.count += 1


def test_what_is_imported_inside_is_given_back_and_nothing_else():
    """Modules of the package are released; an application's own stay."""
    system, collector = System("kept"), Collector()
    with Replaced(modules, sys=system, gc=collector):
        with borrowed():
            system.load("lent")
            system.modules["mine"] = Module()
        assert system.loaded() == ["kept"] and not hasattr(system.package, "lent")
        assert "mine" in system.modules and hasattr(system.package, "kept")
        assert collector.count == 1
        with borrowed() as lent:
            lent.at_once = False
            system.load("lent")
        assert system.loaded() == ["kept"] and collector.count == 1


def test_modules_of_which_nothing_is_used_any_more_are_emptied():
    """On request, released modules are emptied, so that stray references keep nothing."""
    system = System()
    with Replaced(modules, sys=system, gc=Collector()):
        for empties, left in (("-", 1), ("boardcert.x", 1), ("boardcert.le", 0), ("", 0)):
            lent = borrowed()
            lent.empties = empties
            with lent:
                system.load("lent")
                contents = {"function": print}
                system.modules["boardcert.lent"].__dict__ = contents
            assert len(contents) == left and system.loaded() == []


def test_it_is_given_back_when_the_work_fails():
    """Modules are released when the work fails, and the error reaches the caller."""
    system = System()

    def work():
        with borrowed():
            system.load("lent")
            raise ValueError("no")

    with Replaced(modules, sys=system, gc=Collector()):
        assert raises(ValueError, work) and system.loaded() == []


def test_what_was_borrowed_before_stays_until_its_own_end():
    """A nested context releases only what it has loaded."""
    system = System()
    with Replaced(modules, sys=system, gc=Collector()):
        with borrowed() as outer:
            system.load("one")
            with borrowed():
                system.load("two")
            assert system.loaded() == ["one"]
            outer.give_back()
            assert system.loaded() == []
            system.load("three")
        assert system.loaded() == []


def test_modules_of_the_package_are_given_back():
    """On every interpreter, real modules of the package are released."""
    names = set(sys.modules)
    assert "boardcert.board" in names
    with borrowed():
        sys.modules["boardcert.nothing"] = sys.modules["boardcert.board"]
        boardcert.nothing = sys.modules["boardcert.board"]
    assert "boardcert.nothing" not in sys.modules and not hasattr(boardcert, "nothing")
