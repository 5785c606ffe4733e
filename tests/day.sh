#!/bin/sh
# day.sh - the default network of sixteen nodes and thirty homes through kills and an outage; in the
# whole ./test at twice the speed.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
whole=--whole
[ -z "${EC_TEST_SHORT:-}" ] || whole=
# shellcheck disable=SC2086 # an option or none
exec python3 tests/day.py $whole
