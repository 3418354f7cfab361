"""Run device tests where there is no pytest: on the unix binary and on a board.

    MICROPYPATH=firmware:tests/device:.frozen micropython tests/device/run.py test_der test_ec

or, on a board, `import run; run.run(["test_der"], "/test_vectors", limit=2)`.
The last line printed is "N passed, N failed".
"""

import gc
import sys

import scratch
import vectors


def run(names, vectors_directory=None, limit=None, without=()):
    """Call each test_ function of the modules *names* except *without*; return how many failed.

    *vectors_directory* and *limit*, if given, replace the settings of vectors.py. The directory
    must not be called "vectors", which would hide the module of that name.
    """
    vectors.DIRECTORY = vectors_directory or vectors.DIRECTORY
    vectors.LIMIT = limit or vectors.LIMIT
    passed = failed = 0
    for name in names:
        module = __import__(name)
        for attribute in sorted(dir(module)):
            if attribute.startswith("test_") and attribute not in without:
                if _passes(name, attribute, getattr(module, attribute)):
                    passed += 1
                else:
                    failed += 1
        del sys.modules[name]
        module = None
        gc.collect()
    print(f"{passed} passed, {failed} failed")
    return failed


def _passes(module_name, function_name, function):
    try:
        function()
    except Exception as error:  # noqa: BLE001 (whatever it is, the test has failed)
        print(f"FAILED {module_name}.{function_name}")
        sys.print_exception(error)
        return False
    finally:
        scratch.remove_directories()
    return True


if __name__ == "__main__":
    sys.exit(1 if run(sys.argv[1:]) else 0)
