#!/bin/sh
# recovery.sh - twenty kills of the leader, by protocol: how long clients wait, and how soon the killed
# has caught up.
#
# usage: tests/recovery.sh [PROTOCOL...]     raft, multipaxos, paxos, pbft; default: all
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
exec python3 tests/recovery.py "$@"
