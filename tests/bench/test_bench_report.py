"""The benchmark's arithmetic: comparing runs, targets, flash time, and the reference data."""

import copy
from io import StringIO

import pytest
import report
import speed
from rich.console import Console

_ESP32S = ("rv32imc", "xtensawin")


@pytest.fixture
def results():
    figures = dict.fromkeys(report.KEYS, 40.0)
    memory = dict.fromkeys(report.MEMORY_KEYS, 11_000)
    times = dict.fromkeys(report.TIMES, 77.75)
    network = dict.fromkeys(report.NETWORK_KEYS, 700.0)
    counts = dict.fromkeys(report.INSTRUCTION_KEYS, 1_500)
    return {
        "instructions": {
            "armv6m": counts,
            "rv32imc": counts | {"fixed_base": 2_199_660},
            "xtensawin": dict(counts),
        },
        "network": network | {"connections": 3, "with_flash": network},
        "stack": dict.fromkeys(report.STACK_KEYS, 2_000) | {"interrupts": 1_600},
        **{engine: figures | {"with_flash": times} for engine in report.ENGINES},
        "memory": {form: dict(memory) for form in report.MEMORY_FORMS.values()},
    }


@pytest.mark.parametrize("second", [40.0, 40.4, 39.6])
def test_one_percent_is_the_same(results, second):
    """A difference of up to 1 % in either direction is agreement."""
    other = copy.deepcopy(results)
    other["bigint"]["sign_ms"] = second
    assert report.differences(results, other) == []


@pytest.mark.parametrize("second", [40.5, 39.5, 0.0, 80.0])
def test_more_than_one_percent_is_named(results, second):
    """A larger difference is reported with engine, key and both figures, in either direction."""
    other = copy.deepcopy(results)
    other["bigint"]["sign_ms"] = second
    for pair in ((results, other), (other, results)):
        (line,) = report.differences(*pair)
        assert line.startswith("bigint sign_ms: ")
        assert f"{second:g}" in line


def test_missing_figure_is_a_difference(results):
    """A missing key or engine is a difference."""
    other = copy.deepcopy(results)
    del other["kernel"]["load_ms"]
    assert report.differences(results, other) == ["kernel load_ms: missing"]
    del other["bigint"]
    assert len(report.differences(other, results)) == 1 + len(report.KEYS)


def test_missed_targets_are_named(results):
    """A figure at its limit is accepted; one above is reported with the limit."""
    results["kernel"]["keygen_ms"] = 60
    assert report.missed_targets(results) == []
    results["kernel"]["keygen_ms"] = 60.1
    assert report.missed_targets(results) == ["kernel keygen_ms: 60.1, must be at most 60"]


def test_fewer_connections_than_must_be_are_named(results):
    """More connections are better, and less time."""
    results["network"]["connections"] = 2
    results["network"]["page_whole_ms"] = 2001.5
    assert report.missed_targets(results) == [
        "network connections: 2, must be at least 3",
        "network page_whole_ms: 2,001.5, must be at most 2,000",
    ]


def test_too_little_stack_is_named(results):
    """More free stack is better, and less use by interrupts."""
    results["stack"] |= {"renew_left": 1_052, "interrupts": 1_800}
    assert report.missed_targets(results) == [
        "stack renew_left: 1,052, must be at least 1,700",
        "stack interrupts: 1,800, must be at most 1,700",
    ]
    output = StringIO()
    Console(file=output, width=160).print(report.stack_table(results["stack"]))
    assert output.getvalue().count("missed") == 2


def test_memory_is_judged_by_the_portable_package(results):
    """Memory limits are those of the portable package, even if that alone was measured."""
    results["memory"]["kernel"]["page_idle"] = results["memory"]["portable"]["page_idle"] = 38_913
    alone = {"memory": {"portable": results["memory"]["portable"]}}
    for measured in (results, alone):
        (line,) = report.missed_targets(measured)
        assert line == "memory portable page_idle: 38,913, must be at most 38,912"


def test_memory_of_two_runs_is_compared(results):
    """A different or missing memory figure is reported."""
    other = copy.deepcopy(results)
    other["memory"]["portable"]["sign_peak"] = 12_000
    del other["memory"]["kernel"]["server"]
    lines = report.differences(results, other)
    assert sorted(lines) == [
        "memory kernel server: missing",
        "memory portable sign_peak: 11000 and 12000",
    ]


def test_too_many_instructions_are_named(results):
    """Too many instructions are reported by processor; any change is a difference."""
    other = copy.deepcopy(results)
    other["instructions"]["rv32imc"]["field_mul"] = 2_001
    other["instructions"]["xtensawin"]["field_mul"] = 2_002
    assert report.missed_targets(other) == [
        "instructions rv32imc field_mul: 2,001, must be at most 2,000",
        "instructions xtensawin field_mul: 2,002, must be at most 2,000",
    ]
    assert report.differences(results, other) == [
        "instructions rv32imc field_mul: 1500 and 2001",
        "instructions xtensawin field_mul: 1500 and 2002",
    ]


def test_tables_show_figures_and_ratios(results):
    """94.5 ms against 40 ms is 2.4 times as fast; a missed target is marked."""
    results["kernel"]["verify_ms"] = 500.0
    output = StringIO()
    console = Console(file=output, width=160)
    console.print(*report.tables(results))
    text = output.getvalue()
    assert "missed" in text
    assert "wolfSSL 5.9.2, C, -O3, plain look-up" in text
    assert "94.5 (2.4x)" in text
    assert "page_idle" in text and "38,912" in text
    assert "2,199,660" in text and "2,500,000" in text
    assert "77.75" in text


def test_the_table_of_one_package_has_no_column_of_the_other(results):
    """The table of one package has no column for another, and no verdict for it."""
    del results["memory"]["portable"]
    output = StringIO()
    Console(file=output, width=160).print(report.memory_table(results["memory"]))
    assert "at the aim" not in output.getvalue()


def test_targets_name_known_figures():
    """Each target is for a measured key, as others could not be missed."""
    for engine in report.ENGINES:
        assert set(report.ANCHORS["targets"][engine]) <= set(report.KEYS)
    assert set(report.ANCHORS["targets"]["memory portable"]) <= set(report.MEMORY_KEYS)
    assert set(report.ANCHORS["targets"]["network"]) <= set(report.NETWORK_KEYS)
    instructions = [report.ANCHORS["targets"][f"instructions {name}"] for name in _ESP32S]
    assert set(instructions[0]) <= set(report.INSTRUCTION_KEYS)
    assert instructions[0] == instructions[1]  # The table shows them once.
    assert set(report.ANCHORS["targets"]["stack"]) <= set(report.STACK_KEYS)


@pytest.mark.parametrize("needed", [1, 4096, 41_000, 130_000, 180_224])
def test_least_heap_is_found_within_its_step(needed):
    """The reported heap suffices, and is at most one step larger than needed."""
    free = 180_224
    found = speed.least_heap(free, lambda ballast: free - ballast >= needed)
    assert needed <= found < needed + speed.HEAP_STEP_BYTES


def test_heap_that_never_suffices_is_an_error():
    """If a boot fails with the whole heap, there is no peak to report: an error."""
    with pytest.raises(speed.Error, match="whole heap"):
        speed.least_heap(1000, lambda _ballast: False)
