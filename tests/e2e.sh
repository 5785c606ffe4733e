#!/bin/sh
# e2e.sh - a real network from outside: a day of `up`, a home that is away, bad input.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
exec python3 tests/e2e.py
