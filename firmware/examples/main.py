"""Join the Wi-Fi, and serve the page of this board's certificate over HTTPS.

`boardcert flash` puts it on a board that has no main.py, and never overwrites one.
"""

import boardcert

boardcert.run()
