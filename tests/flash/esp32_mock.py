"""An ESP32's boot loader to flash against, as a program and as a context manager.

It is the PyPI package esp32-mock-bootloader, with three additions: the chip revisions that the
images require, a flash that can be filled before and read afterwards, and a line that fails.
"""

import argparse
import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

# The registers with the chip revision, where 0.0 is too old for MicroPython's image: address and
# value, as in esptool's targets. The first is revision 0.3, the second 1.0.
_REVISIONS = {"esp32c3": (0x60008850, 3 << 18), "esp32c5": (0x600B484C, 1 << 4)}


@contextlib.contextmanager
def mock_boot_loader(chip: str, flash: Path, **options: object) -> Iterator[str]:
    """Run the boot loader of *chip* and yield its port; *flash* is its flash, before and after.

    The content of *flash* is the board's initial flash. *options*: see `_arguments`.
    """
    more = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    command = [sys.executable, __file__, chip, str(flash), *more]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield f"socket://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            try:
                process.wait(120)  # It writes the flash when it ends.
            finally:
                process.kill()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("chip")
    parser.add_argument("flash", type=Path)
    parser.add_argument(
        "--cut-after", type=int, help="bytes from the client before the line breaks"
    )
    parser.add_argument("--corrupt", type=int, help="flash address that forgets what is written")
    return parser.parse_args()


def _serve(arguments: argparse.Namespace, listener: socket.socket, flash: object) -> None:
    """Serve one client after another."""
    from esp32_mock_bootloader.server import BootloaderConnection, handle_client

    class Line(BootloaderConnection):
        received = 0

        def recv(self, size: int) -> bytes:
            chunk = super().recv(size)
            self.received += len(chunk)
            if arguments.cut_after and self.received > arguments.cut_after:
                raise ConnectionResetError
            return chunk

    while True:
        connection = listener.accept()[0]
        # Otherwise it hangs up a moment after the last block, even if esptool is slow.
        handle_client(
            Line(sock=connection),
            threading.Event(),
            arguments.chip,
            exit_on_disconnect=True,
            flash=flash,
        )


def main() -> None:
    """Serve until standard input ends, then write the flash."""
    from esp32_mock_bootloader import registers
    from esp32_mock_bootloader.server import FlashImage

    class Flash(FlashImage):
        def write_defl_block(self, payload: bytes) -> None:
            """Write a block like the original, whose byte-wise storing is too slow for esptool."""
            data = self._decompressor.decompress(payload[16:])
            self.data[self._defl_offset : self._defl_offset + len(data)] = data
            self._defl_offset += len(data)

        def md5_stub_response(self, payload: bytes, **options: bool) -> bytes:
            if arguments.corrupt is not None:
                self.data[arguments.corrupt] ^= 0xFF
            return super().md5_stub_response(payload, **options)

    arguments = _arguments()
    if arguments.chip in _REVISIONS:
        address, value = _REVISIONS[arguments.chip]
        profile = registers.rom_profile(arguments.chip)
        profile[address] = profile.get(address, 0) | value
    flash = Flash()
    if arguments.flash.exists():
        flash.data[:] = arguments.flash.read_bytes()
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(arguments, listener, flash), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()
    arguments.flash.write_bytes(flash.data)


if __name__ == "__main__":
    main()
