#!/bin/sh
# beside.sh - the comparison with etcd and the C raft library runs, as far as they are installed.
set -u
cd "$(dirname "$0")/.."
tools/build release bench || { echo "FAIL build of the target bench"; exit 1; }
exec python3 tests/beside.py
