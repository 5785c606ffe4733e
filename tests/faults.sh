#!/bin/sh
# faults.sh - a real cell with sick members: slow, torn, corrupt, computing something else.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
exec python3 tests/faults.py
