#!/bin/sh
# debian.sh - ./run in a Debian 12 that has nothing but the base system and this tree.
#
# usage: tests/debian.sh
# Needs root and mmdebstrap; takes two to three minutes, most of them for downloads.
set -u
cd "$(dirname "$0")/.."
if [ "$(id -u)" != 0 ] || ! command -v mmdebstrap >/dev/null 2>&1; then
	echo "skipped ./run in a fresh Debian 12: that needs root, and mmdebstrap"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/debian

if ! mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$root" 2>"$work/log"; then
	tail -n 3 "$work/log"
	echo "skipped ./run in a fresh Debian 12: mmdebstrap could not make one"
	exit 0
fi
mkdir "$root/edgecord"
git ls-files -z | tar --null -T - -cf - | tar -C "$root/edgecord" -xf -
cp /etc/resolv.conf "$root/etc/resolv.conf"

# What is mounted there is gone with the name space.
begin=$(date +%s)
unshare --mount --propagation private sh -c '
	mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount -t tmpfs tmpfs "$1/tmp" &&
	exec chroot "$1" sh -c "cd /edgecord && ./run --slots 10 --exit --json"' sh "$root" \
	>"$work/day" 2>"$work/errors"
code=$?
seconds=$(($(date +%s) - begin))

if [ $code -ne 0 ]; then
	tail -n 5 "$work/errors" "$work/day"
	echo "FAIL ./run in a fresh Debian 12 ends with $code"
	exit 1
fi
failed=0
figure() { # GOAL-REACHED TEXT GOAL MEASURED
	if [ "$1" = 0 ]; then
		echo "ok figure $2 | $3 | $4"
	else
		failed=1
		echo "FAIL figure $2 | $3 | $4"
	fi
}
[ $seconds -le 240 ]
figure $? "./run in a fresh Debian 12: packages, build, 10 slots" "at most 240 s" "$seconds s"
first=$(python3 -c 'import json, sys; print("%.1f" % json.load(sys.stdin)["first_trade_s"])' <"$work/day")
python3 -c 'import sys; sys.exit(not 0 < float(sys.argv[1]) <= 15)' "${first:-0}"
figure $? "first committed trade there after the start" "at most 15 s" "${first:-none} s"
exit $failed
