#!/bin/sh
# purity.sh - the pure layers hold no variable and call nothing but what they may.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }

# The check itself: an object with a counter and a clock must fail it, twice.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/impure.c" <<'END'
#include <time.h>
static long calls;
long impure(void)
{
	return ++calls + time(0);
}
END
gcc -c -o "$dir/impure.c.o" "$dir/impure.c" && ar rcs "$dir/libec_base.a" "$dir/impure.c.o"
if [ "$(python3 tools/check_purity.py "$dir" | grep -c '^FAIL\|impure: \|calls\|time$')" -ge 4 ]; then
	echo "ok the purity check finds a planted counter and a planted clock"
else
	echo "FAIL the purity check does not find a planted counter and a planted clock"
fi
python3 tools/check_purity.py build
