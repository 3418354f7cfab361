#!/bin/sh
# Fetch readings from a board whose public key is known: readings_client.sh HOST[:PORT] PIN
# PIN is "sha256//...", as `boardcert pin list` prints it; it takes the place of a CA.
set -eu
curl --silent --show-error --insecure --pinnedpubkey "$2" "https://$1/readings"
