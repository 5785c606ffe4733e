#!/bin/sh
# systemd.sh - the unit of a node is well-formed, and exposed to little.
set -u
cd "$(dirname "$0")/.."
unit=packaging/systemd/edgecord@.service
if ! command -v systemd-analyze >/dev/null 2>&1; then
	echo "skipped the systemd unit: systemd-analyze is not installed"
	exit 0
fi
if said=$(systemd-analyze security --offline=true --threshold=20 "$unit" 2>&1); then
	echo "ok the systemd unit:$(echo "$said" | sed -n 's/.*exposure level for [^:]*:\( [0-9.]*\).*/\1/p') of 10 exposed, at most 2.0"
else
	echo "$said" | tail -n 5
	echo "FAIL the systemd unit is exposed to more than 2.0 of 10"
	exit 1
fi
