#!/bin/sh
# restored.sh - cells put back to an old backup are named, by themselves and by the cloud.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
exec python3 tests/restored.py
