#!/bin/sh
# join.sh - a fifth member joins a running cell under load by a change of era.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
exec python3 tests/join.py
