"""`mpremote mip install` by firmware/package.json, from a web server onto a board."""

from boardcert_host.boards import data_directory


def test_what_mip_installs_is_the_package(new_board, firmware_url):
    """As sources, without the kernels; the board imports what it got."""
    board = new_board(pace="idle")
    board.mpremote("mip", "install", "--no-mpy", f"{firmware_url}/package.json", timeout_s=200)
    listed = board.exec("import os; print(*sorted(os.listdir('/lib/boardcert')))").split()
    assert listed == sorted(path.name for path in data_directory("firmware").glob("boardcert/*.py"))
    assert board.exec("import boardcert; print(boardcert.__version__)").strip() == "0.1.0"
