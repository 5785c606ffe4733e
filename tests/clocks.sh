#!/bin/sh
# clocks.sh - a real cell in which the clocks of a node and of a home are a year off.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
exec python3 tests/clocks.py
