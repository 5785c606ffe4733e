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

# Planted bugs and stand-in signatures are the simulator's alone: what names them stands in no other program.
planted="a PREPARE is said and not saved"
stand_in=sim_crypto_fake
holds() { # PROGRAM: how many of the two it holds
	count=0
	strings -a "$1" | grep -q "$planted" && count=$((count + 1))
	nm "$1" | grep -q " $stand_in" && count=$((count + 1))
	echo $count
}
if [ "$(holds build/edgecord-sim)" = 2 ]; then
	echo "ok the simulator holds planted bugs and stand-in signatures"
else
	echo "FAIL the simulator does not hold '$planted' and $stand_in: what is looked for has another name"
fi
if nm build/edgecord-mispriced | grep -q " ec_planted_price" &&
   ! nm build/edgecord build/edgecord-device build/edgecord-sim | grep -q " ec_planted_price"; then
	echo "ok another price is computed by edgecord-mispriced alone"
else
	echo "FAIL ec_planted_price is not in edgecord-mispriced, or in another program"
fi
for program in edgecord edgecord-device; do
	if [ "$(holds build/$program)" = 0 ]; then
		echo "ok $program holds no planted bug and no stand-in signature"
	else
		echo "FAIL $program holds a planted bug or a stand-in signature"
	fi
done
