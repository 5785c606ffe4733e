#!/bin/sh
# manifests.sh - real clusters under faults: is what clients saw of their store linearizable?
#
# 24 manifests of 60 s, and that planted bugs are found; two of 8 s as a step of the whole ./test.
# Arguments are for tests/manifests.py.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
if [ $# -gt 0 ]; then
	exec python3 tests/manifests.py "$@"
fi
[ -z "${EC_TEST_SHORT:-}" ] || exec python3 tests/manifests.py --short
status=0
python3 tests/manifests.py || status=1
python3 tests/manifests.py --planted || status=1
exit $status
