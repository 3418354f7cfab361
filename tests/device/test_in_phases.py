"""Without a kernel, the modules that decide and those that generate are loaded in turn."""

import sys

import scratch
import vectors
from boardcert import EntropyError, Error, modules
from boardcert.credentials import generate, in_phases, lifecycle, phases, wishes
from boardcert.crypto import ecdsa
from boardcert.entropy import noise, noise_generators
from helpers import raises
from identities import Replaced, on_board, raising

_DECIDING = ("sources", "at_once", "settings")
_MAKING = ("generate", "ecdsa")


class Task:
    """Replaces in_phases._begin: wants each of *wishes* made, and stores the results.

    *tolerated*: exceptions after which it continues.
    """

    def __init__(self, wishes, tolerated=()):
        self._wishes = wishes
        self._tolerated = tolerated
        self.begun = 0
        self.stored = {}

    def begin(self, task, arguments, context, make):
        """Run the task from its beginning."""
        self.begun += 1
        missed = []
        for wish in self._wishes:
            if wish in self.stored:
                continue
            try:
                self.stored[wish] = make(wish)
            except self._tolerated as error:
                missed.append(str(error))
        return task, arguments, context, missed


def _run(task, make):
    """Return (the *task*'s result, the events: what was made, "released")."""
    happened = []

    def note(wanted):
        happened.append(wanted)
        return make(wanted)

    class Lent:
        kept = set(sys.modules)

        def give_back(self):
            happened.append("released")

    replaced = {
        "_begin": task.begin,
        "make_wanted": note,
        "_has_kernel": lambda _wanted, _kept: False,
    }
    with Replaced(in_phases, _load_making=lambda: None, **replaced):
        return in_phases.run("load", (1,), (2,), Lent()), happened


def test_a_task_that_wants_nothing_is_done_at_once():
    """A task that wants nothing runs once with its arguments, and nothing is released."""
    task = Task(())
    assert _run(task, None) == (("load", (1,), (2,), []), [])
    assert task.begun == 1


def test_each_thing_is_made_once_and_memory_is_freed_before_and_after():
    """The task starts again for each wish, and gets the result where it had asked for it."""
    task = Task(("first", "second"))
    found, happened = _run(task, lambda wanted: wanted + " made")
    assert task.stored == {"first": "first made", "second": "second made"}
    assert happened == ["released", "first", "released", "released", "second", "released"]
    assert task.begun == 3 and found[3] == []


def test_what_could_not_be_made_is_raised_in_the_task_each_time():
    """A failed wish raises in the task each time; the task may continue to the next wish."""

    def make(wanted):
        return ValueError("no noise") if wanted == "first" else wanted + " made"

    task = Task(("first", "second"), ValueError)
    found, happened = _run(task, make)
    assert found[3] == ["no noise"] and task.stored == {"second": "second made"}
    assert [one for one in happened if one != "released"] == ["first", "second"]
    assert raises(ValueError, _run, Task(("first",)), make)


def test_a_task_that_goes_on_without_anything_that_fails_is_given_up_all_the_same():
    """A task that catches every Exception is still stopped, by an exception of another kind."""
    task = Task(("first",), Exception)
    _run(task, lambda wanted: wanted + " made")
    assert task.stored == {"first": "first made"}


def test_what_prevents_the_making_is_kept_for_the_task_but_no_interruption():
    """Errors are passed on to the task; Ctrl-C ends everything."""
    with Replaced(generate, make=raising(EntropyError("stuck"))):
        assert isinstance(phases.make_wanted((False, (1,))), EntropyError)
    with Replaced(generate, make=raising(KeyboardInterrupt())):
        assert raises(KeyboardInterrupt, phases.make_wanted, (False, (1,)))


class Unloaded:
    """A context that begins without the modules *names*, and restores the former ones."""

    def __init__(self, names=_DECIDING + _MAKING):
        self._names = names

    def __enter__(self):
        self._modules = dict(sys.modules)
        both = modules.borrowed().begin()
        both.kept = {name for name in both.kept if not _is_of(name, self._names)}
        both.give_back()

    def __exit__(self, *_details):
        for name in self._modules:
            sys.modules[name] = self._modules[name]
            package = name.rpartition(".")[0]
            if _is_of(name, self._names) and package in sys.modules:
                setattr(sys.modules[package], _last(name), self._modules[name])


def _last(name):
    return name.rsplit(".", 1)[-1]


def _loaded(names):
    """Return which of the package's modules *names* are in memory."""
    # Modules of boardcert_host may have the same names.
    return [_last(name) for name in sys.modules if _is_of(name, names)]


def _is_of(name, names):
    return name.startswith("boardcert.") and _last(name) in names


def _identity(**arguments):
    """Return (an Identity that generates, the modules of both kinds loaded at each step)."""
    seen = {}

    def progress(step, *_):
        seen[step] = _loaded(_DECIDING), _loaded(_MAKING)

    with on_board(), Unloaded():
        return (
            lifecycle.Identity(progress=progress, **arguments),
            seen,
            _loaded(_DECIDING + _MAKING),
        )


def test_what_decides_is_not_in_memory_beside_the_arithmetic():
    """Deciding and generating modules are never loaded together, nor while storing or serving."""
    directory = scratch.fresh_directory()
    first, seen, left = _identity(directory=directory)
    for step in ("entropy", "key", "sign", "check"):
        deciding, making = seen[step]
        assert deciding == [] and "generate" in making, step
    deciding, making = seen["flash"]
    assert "sources" in deciding and making == []
    assert first.generated and left == []
    again, seen, left = _identity(directory=directory, names=["other.example"])
    assert again.public_key_pin == first.public_key_pin and "other.example" in again.names
    assert seen["sign"][0] == [] and seen["flash"][1] == [] and left == []


class Kernel:
    """A context in which the firmware loads a module with native code, as only an ESP32 can."""

    # Without rooms, as in the built package.
    _PACKAGE = ecdsa.__name__.rpartition(".")[0]

    def __init__(self, name="kernel_code"):
        self._name = name

    def __enter__(self):
        module = object()
        sys.modules[f"{self._PACKAGE}.{self._name}"] = module
        setattr(sys.modules[self._PACKAGE], self._name, module)

    def __exit__(self, *_details):
        sys.modules.pop(f"{self._PACKAGE}.{self._name}", None)
        if hasattr(sys.modules[self._PACKAGE], self._name):
            delattr(sys.modules[self._PACKAGE], self._name)


def test_beside_a_kernel_what_decides_stays_in_memory():
    """With a kernel, deciding modules stay loaded; the arithmetic is released before storing."""
    with Kernel():
        made, seen, left = _identity(directory=scratch.fresh_directory())
    for step in ("entropy", "key", "sign", "check"):
        deciding, making = seen[step]
        assert "sources" in deciding and "generate" in making, step
    assert "sources" in seen["flash"][0] and seen["flash"][1] == []
    assert made.generated and left == []


class ESP32:
    """The module sys as in_phases sees it on an ESP32."""

    platform = "esp32"
    modules = sys.modules


def test_an_esp32_loads_the_arithmetic_while_its_noise_is_gathered():
    """It is released before storing, except for what the task needs again."""
    loaded = {}

    def read_early(count, work):
        assert count == noise.SAMPLES
        with Kernel("p384_kernel"):  # Only here: the test signs with another engine.
            for number, _ in enumerate(work):
                loaded[number] = _loaded(("keys", "ecdsa", "generate"))

    replaced = Replaced(noise_generators, read_early=read_early)
    with Kernel(), Replaced(in_phases, sys=ESP32), replaced:
        made, seen, left = _identity(directory=scratch.fresh_directory())
    assert loaded[0] == ["keys"] and sorted(loaded[5]) == ["ecdsa", "generate", "keys"]
    assert "sources" in seen["flash"][0] and seen["flash"][1] == []
    assert made.generated and left == []


def test_a_key_that_the_kernel_does_not_make_takes_turns_with_what_decides():
    """For other curves and RSA, modules are loaded in turn, as without a kernel."""
    with Kernel():
        made, seen, left = _identity(directory=scratch.fresh_directory(), key_type="p256")
    assert made.generated and seen["sign"][0] == [] and left == []


def test_what_an_esp32_keeps_still_has_what_it_refers_to():
    """RSA stays loaded on an ESP32, and works with modules that a task has given back."""
    directory = scratch.fresh_directory()
    names = _DECIDING + _MAKING + ("rsa", "keys", "der", "drbg", "inverse", "oids")
    with Unloaded(names):
        from boardcert.crypto import rsa

        stored = rsa.RSAPrivateKey(*vectors.numbers(next(vectors.cases("rsa_keys")))).to_der()
    with Unloaded(names), Replaced(modules, sys=ESP32), Replaced(in_phases, sys=ESP32):
        me = lifecycle.Identity(directory=directory, key_type="rsa2048", new_key=stored)
        pin = me.public_key_pin
        assert me.new_key(stored) and me.public_key_pin == pin


def test_a_boot_with_a_wish_leaves_an_esp32_what_rsa_refers_to():
    """Identity empties all that it has borrowed: nothing of it is imported by RSA."""
    directory = scratch.fresh_directory()
    names = _DECIDING + _MAKING + ("rsa", "keys", "der", "drbg", "inverse", "oids")
    with Unloaded(names):
        from boardcert.crypto import rsa

        stored = rsa.RSAPrivateKey(*vectors.numbers(next(vectors.cases("rsa_keys")))).to_der()
        lifecycle.Identity(directory=directory, key_type="rsa2048", new_key=stored)
        wishes.put_off(directory, "renew")
    with Unloaded(names), Replaced(modules, sys=ESP32), Replaced(in_phases, sys=ESP32):
        me = lifecycle.Identity(directory=directory, key_type="rsa2048")
        before = me.certificate
        me.renew()
        assert me.certificate != before


def test_a_task_that_makes_nothing_loads_no_arithmetic():
    """An existing certificate is checked and served without loading the arithmetic."""
    directory = scratch.fresh_directory()
    first, _, _ = _identity(directory=directory)
    again, seen, left = _identity(directory=directory, portal_port=0)
    assert again.certificate == first.certificate and again.portal_port == 0
    assert "sign" not in seen and left == []


def test_a_failure_of_the_making_reaches_the_caller():
    """At first boot, an error in generating is raised, as there is nothing to serve."""
    with on_board(), Replaced(noise, gather=raising(EntropyError("stuck"))):
        assert raises(EntropyError, lifecycle.Identity, scratch.fresh_directory())
    with on_board(), Replaced(noise, gather=raising(ZeroDivisionError())):
        assert raises(Error, lifecycle.Identity, scratch.fresh_directory())
