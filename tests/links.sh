#!/bin/sh
# links.sh - a real cell whose links are slow, corrupt, half open, or cut.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
exec python3 tests/links.py
