#!/bin/sh
# changes.sh - members of real cells come, leave, are replaced, change keys and lose their disks, by
# protocol; in the whole ./test of raft alone; and how long a change pauses commits, else.
#
# usage: tests/changes.sh [PROTOCOL...]     default: all six
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
if [ -n "${EC_TEST_SHORT:-}" ]; then
	exec python3 tests/changes.py raft
fi
python3 tests/changes.py "$@"
changed=$?
python3 tests/changes.py --pauses "$@" && exit $changed
