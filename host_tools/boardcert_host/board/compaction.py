"""Shorten what littlefs reads on a board to find a file: the log of the package's directory.

littlefs appends each change of a directory to the directory's log, and reads that to find a name,
three times for each import. When a log fills its block of 4 KB, what is still true is written anew;
after an installation it may be nearly full. So it is filled here, by a file that is made and
removed, until a look-up gets faster. A directory with many names has several logs, in the order of
the names: each gets its turn. On rp2, whose flash is read as memory is, nothing would be gained: a
first boot was 3 ms longer.
"""

from . import mpremote

_TIMEOUT_S = 180
# Run on the board. Nothing is done on FAT, where a name cannot hold an asterisk: 22 is EINVAL.
_COMPACT = """
import os, sys, time
def time_of_look_up(path):
    times = []
    for _ in range(3):
        start = time.ticks_us()
        try:
            os.stat(path)
        except OSError:
            pass
        times.append(time.ticks_diff(time.ticks_us(), start))
    return min(times)
def compact(path):
    slowest = 0
    for _ in range(120):
        open(path, "wb").close()
        os.remove(path)
        now = time_of_look_up(path)
        if now * 20 < slowest * 17:
            break
        slowest = max(slowest, now)
directory = {!r}
names = [] if sys.platform == "rp2" else sorted(os.listdir(directory))
try:
    os.stat(directory + "/*")
except OSError as error:
    if error.errno == 22:
        names = []
for i in range(len(names) - 1, -1, -20):
    compact(directory + "/" + names[i] + "~")
"""


def compact(port: str, directory: str) -> None:
    """Shorten the logs of a *directory* of the board, which takes some seconds."""
    mpremote.execute(port, script(directory), _TIMEOUT_S)


def script(directory: str) -> str:
    """Return what the board runs for that."""
    return _COMPACT.format(directory)
