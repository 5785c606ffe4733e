#!/bin/sh
# data.sh - `edgecord up` plays profiles from files; Ctrl-C in the middle of a day.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
exec python3 tests/data.py
