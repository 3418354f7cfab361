"""Run the command line as `python -m boardcert_host`."""

import sys

from .entry import main

sys.exit(main())
