#!/bin/sh
# revised.sh - cells whose order is revised for a while: GHOSTDAG in real processes.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
exec python3 tests/revised.py
