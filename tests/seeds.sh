#!/bin/sh
# seeds.sh - worlds of each protocol, planted bugs that they find by chance, and colluders.
#
# usage: tests/seeds.sh [COUNT]      2000 hunts every planted bug, and asks that every fault and rule has fired
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
count=${1:-200}
sim="build/edgecord sim"
log=$(mktemp)
proofs=$(mktemp -d)
trap 'rm -rf "$log" "$proofs"' EXIT

check() { # TEXT COMMAND...: it must be clean
	text=$1
	shift
	if "$@" >"$log" 2>&1; then
		echo "ok $text: $(grep ' x real time' "$log")"
	else
		cat "$log"
		echo "FAIL $text: $*"
	fi
}

# One of them must break a property, not end in an assertion; the same world without the bug, none.
# What the failure tells the user to type must break the same property in the same words.
found() { # PROTOCOL BUG WORLDS
	$sim --protocol "$1" --seeds "$3" --bug "$2" --until-failure >"$log" 2>/dev/null
	code=$?
	line=$(grep '^seed' "$log" | head -n 1)
	seed=$(echo "$line" | sed 's/^seed \([0-9]*\): .*/\1/')
	replay=$(sed -n 's/^  replay: //p' "$log" | head -n 1)
	case $line in
	"" | *": invariants: "*) code=9 ;;
	esac
	if [ $code -eq 1 ] && $sim --protocol "$1" --seed "$seed" >/dev/null 2>&1; then
		echo "ok bug $2 of $1 is found: $(echo "$line" | cut -c 1-90)"
	else
		cat "$log"
		echo "FAIL bug $2 of $1 is found within $3 worlds"
		return
	fi
	[ "$($replay | grep '^seed')" = "$line" ] || echo "FAIL bug $2 of $1: '$replay' breaks something else than '$line'"
}

# Every planted bug is caught by a property, and nothing is found without one.
planted() { # PROTOCOL
	if $sim --planted --protocol "$1" >"$log" 2>&1; then
		echo "ok planted bugs of $1: $(tail -n 2 "$log" | head -n 1)"
	else
		cat "$log"
		echo "FAIL planted bugs of $1: $sim --planted --protocol $1"
	fi
}

json() { # EXIT PYTHON OPTIONS...: what it must end with, and what must be true of the one object, `r`
	want=$1 claim=$2
	shift 2
	$sim "$@" --json >"$log" 2>/dev/null
	code=$?
	if [ $code -eq "$want" ] && python3 -c "import json, sys; r = json.load(sys.stdin); sys.exit(not ($claim))" <"$log"; then
		echo "ok sim $* --json ends with $want"
	else
		cat "$log"
		echo "FAIL sim $* --json ends with $code, not $want, or not so: $claim"
	fi
}

refused() { # OPTIONS...: not understood: exit 2, a sentence, no report
	said=$($sim "$@" 2>&1 >"$log")
	code=$?
	if [ $code -eq 2 ] && [ -n "$said" ] && [ ! -s "$log" ]; then
		echo "ok sim $* is refused"
	else
		echo "FAIL sim $* is refused: it ends with $code and says '$said'"
	fi
}

figure() { # CONDITION TEXT GOAL MEASURED
	if [ "$1" -eq 1 ]; then echo "ok figure $2 | $3 | $4"; else echo "FAIL figure $2 | $3 | $4"; fi
}

# The last line but one: "2000 worlds, 1640.3 virtual s, 4.1 s of one core, 404 x real time, 7.6 s".
speed() {
	set -- $(sed -n -E 's/.* ([0-9]+) x real time, ([0-9]+)(\.[0-9]+)? s$/\1 \2/p' "$log")
	figure $((${1:-0} >= 100)) "sim, 2000 worlds: against real time" "at least 100 x" "${1:-?} x"
	figure $((${2:-9999} <= 600)) "sim, 2000 worlds" "at most 600 s on 2 cores" "${2:-?} s"
}

forks() {
	set -- $(sed -n -E 's/^forked ([0-9]+) of 100 worlds, reported ([0-9]+)$/\1 \2/p' "$log")
	figure $((${1:-0} >= 95)) "colluders: worlds that fork" "at least 95 of 100" "${1:-?}"
	figure $((${2:-0} == ${1:-1})) "colluders: forks that are reported" "every one" "${2:-?}"
}

check "$count worlds of pbft" $sim --protocol pbft --seeds "$count"
[ "$count" -lt 2000 ] || speed
check "100 worlds of colluders" $sim --protocol pbft --seeds 100 --colluders
forks
check "40 worlds of honeybadger" $sim --protocol honeybadger --seeds 40
check "10 worlds of pbft, then honeybadger, then pbft" $sim --protocol pbft --then honeybadger --seeds 10
check "80 worlds of ghostdag" $sim --protocol ghostdag --seeds 80
check "10 worlds of pbft, then ghostdag, then pbft" $sim --protocol pbft --then ghostdag --seeds 10
check "$count worlds of raft" $sim --protocol raft --seeds "$count"
check "20 worlds of raft, then pbft, then raft" $sim --protocol raft --then pbft --seeds 20
check "80 worlds of multipaxos" $sim --protocol multipaxos --seeds 80
check "10 worlds of multipaxos, then pbft, then multipaxos" $sim --protocol multipaxos --then pbft --seeds 10
check "40 worlds of paxos" $sim --protocol paxos --seeds 40
check "40 worlds of sequencer" $sim --protocol sequencer --seeds 40
check "100 worlds of longest" $sim --protocol longest --seeds 100
check "20 worlds of pbft, then longest, then pbft" $sim --protocol pbft --then longest --seeds 20
# Every planted bug has a script, a unit test or a schedule that finds it; here chance does, which takes minutes for
# all of them.
if [ "$count" -ge 2000 ]; then
	for protocol in pbft honeybadger ghostdag raft multipaxos paxos longest sequencer; do
		planted $protocol
	done
fi
found pbft 8 600
found ghostdag 3 60
found honeybadger 4 60
found raft 3 600
found multipaxos 4 600
found paxos 4 600
found longest 1 100
found sequencer 1 100
check "3 worlds of real members with ledgers" $sim --protocol pbft --seeds 3 --ledger --proofs "$proofs"
check "2 worlds of real members that run honeybadger" $sim --protocol honeybadger --seeds 2 --ledger
check "2 worlds of real members that run ghostdag" $sim --protocol ghostdag --seeds 2 --ledger
check "2 worlds of real members that run raft" $sim --protocol raft --seeds 2 --ledger
judged=0 wrong=0
for proof in "$proofs"/*[1357]5.proof; do
	judged=$((judged + 1))
	python3 tools/verify_proof.py "$proof" --genesis "${proof%-*}-genesis" >"$log" 2>&1 || wrong=$((wrong + 1))
done
if [ $judged -ge 20 ] && [ $wrong -eq 0 ]; then
	echo "ok the second verifier takes $judged receipts of them"
else
	cat "$log"
	echo "FAIL the second verifier refuses $wrong of $judged receipts of worlds"
fi
a=$($sim --protocol pbft --seed 7 | grep '^final')
b=$($sim --protocol pbft --seed 7 | grep '^final')
if [ -n "$a" ] && [ "$a" = "$b" ]; then echo "ok one seed is one world"; else echo "FAIL one seed is one world"; fi
json 0 "r['clean'] and r['seeds'] == 1 and not r['failures']" --protocol pbft --seed 7
json 1 "r['failures'][0]['violation'].startswith('agreement: ') and r['failures'][0]['replay'].startswith('$sim --')" \
	--protocol pbft --seeds 600 --bug 2 --until-failure
refused --protocol nosuch --seed 1
refused --protocol pbft --then nosuch --seed 1
refused --protocol pbft --then sequencer --seed 1 --ledger
refused --protocol pbft --seeds many
refused --protocol pbft
refused --protocol pbft --seed 1 --bug 99
refused --planted --seed 1
refused --planted --protocol nosuch
refused --protocol pbft --seed 1 --nodes 3 --byzantine 4
