#!/bin/sh
# store.sh - keys and values of a cell of four, written and watched while members are killed.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
exec python3 tests/store.py
