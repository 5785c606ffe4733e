#!/bin/sh
# switch.sh - a running cell goes over to HoneyBadgerBFT and back to PBFT under load.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
exec python3 tests/switch.py
