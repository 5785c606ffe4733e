#!/bin/sh
# figures.sh - build time, the default day, memory, program sizes, bench: figures with their goals.
#
# usage: tests/figures.sh [fresh] [idle] [bench] [leaderless]
# EDGECORD_BENCH_SECONDS: how long each bench loads its cell (10)
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
exec python3 tests/figures.py "$@"
