"""Freeze boardcert into a firmware image: include() this file in the board's manifest.

`package` and `metadata` are words of MicroPython's manifest files.
"""

metadata(description="Each board makes its own key and certificate.", version="0.1.0")  # noqa: F821
package("boardcert")  # noqa: F821
