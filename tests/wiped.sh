#!/bin/sh
# wiped.sh - a member loses its disk while the state is large, and one of its helpers lies.
#
# usage: tests/wiped.sh [MIB]     size of the state, default 2
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
exec python3 tests/wiped.py "${1:-2}"
