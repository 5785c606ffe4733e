#!/bin/sh
# changes.sh - members of real cells come, leave, are replaced, change keys and lose their disks, by
# protocol, and one whose keys say two things is evicted; in the whole ./test of raft and pbft alone;
# and how long a change pauses commits, else.
#
# usage: tests/changes.sh [PROTOCOL...]     default: all six
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
if [ -n "${EC_TEST_SHORT:-}" ]; then
	python3 tests/changes.py raft
	changed=$?
	python3 tests/evict.py pbft && exit $changed
	exit 1
fi
python3 tests/changes.py "$@"
changed=$?
liars=
for protocol in ${*:-pbft ghostdag}; do
	case $protocol in pbft | ghostdag) liars="$liars $protocol" ;; esac
done
if [ -n "$liars" ]; then
	python3 tests/evict.py $liars || changed=1
fi
python3 tests/changes.py --pauses "$@" && exit $changed
