#!/bin/sh
# long.sh - what takes too long for every change: `./test long`.
set -u
cd "$(dirname "$0")/.."
status=0
tests/power.sh 50 || status=1
exit $status
