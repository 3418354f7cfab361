"""The test files that take longest, which start first, so that others fill the gaps.

They are roughly ordered by processor time, from 170 s to 30 s. A worker runs whole files, since the
tests of one share a board.
"""

FIRST = (
    "board/test_device_on_board.py",
    "board/test_installs_over_wifi.py",
    "board/test_power_loss.py",
    "board/test_portal_on_board.py",
    "board/test_flash_board.py",
    "board/test_batch_on_board.py",
    "board/test_mip.py",
)
"""Their tests need no programs, which CI still installs while these begin."""

LONGEST = (
    *FIRST,
    "board/test_page_over_wifi.py",
    "board/test_over_wifi.py",
    "cli/test_demo.py",
    "step/test_step.py",
    "board/test_authority_boards.py",
    "serving/test_server_soak.py",
    "package/test_device_on_unix.py",
    "board/test_examples.py",
    "board/test_admin_on_board.py",
    "board/test_rsa_on_board.py",
    "board/test_run_on_board.py",
    "board/test_snippets_on_board.py",
    "serving/test_running.py",
    "kernels/test_kernel_p384.py",
    "flash/test_flash_esp32.py",
    "build/test_package_build.py",
    "verify/test_hostile_boards.py",
)
