"""Run the command line as `python -m boardcert_host`."""

import sys

from .cli import main

sys.exit(main())
