#!/bin/sh
# clients.sh - a client's day on a real cell of four: both doors, receipts, offline verify, bench.
set -u
cd "$(dirname "$0")/.."
edgecord=$PWD/build/edgecord
[ -x "$edgecord" ] || tools/build release || exit 1
dir=$(mktemp -d) status=0 nodes=
stop()
{
	[ -z "$nodes" ] || kill $nodes 2>/dev/null
	for pid in $nodes; do wait "$pid" 2>/dev/null; done
	nodes=
}
trap 'stop; rm -rf "$dir"' EXIT

# check TEXT COMMAND...: the command must succeed.
check()
{
	text=$1
	shift
	if "$@" >"$dir/said" 2>&1; then
		echo "ok $text"
	else
		echo "FAIL $text"
		tail -n 3 "$dir/said"
		status=1
	fi
}

# answers CODE TEXT COMMAND...: the command must end with this code.
answers()
{
	wanted=$1 text=$2
	shift 2
	"$@" >"$dir/said" 2>&1
	code=$?
	if [ $code -eq "$wanted" ]; then
		echo "ok $text"
	else
		echo "FAIL $text: exit code $code instead of $wanted"
		tail -n 3 "$dir/said"
		status=1
	fi
}

# http CODE TEXT CURL-ARGUMENTS...: curl must get this status; the body is in $dir/body.
http()
{
	wanted=$1 text=$2
	shift 2
	code=$(curl -s -m 20 -o "$dir/body" -w '%{http_code}' "$@")
	if [ "$code" = "$wanted" ]; then
		echo "ok $text"
	else
		echo "FAIL $text: status $code instead of $wanted"
		head -c 300 "$dir/body"
		echo
		status=1
	fi
}

json() { python3 -c "import json,sys; print(json.load(open(sys.argv[1]))$2)" "$1"; }

check "a cell of four is made" "$edgecord" init --dir "$dir/net" --homes 2
cell=$dir/net/cell1 genesis=$dir/net/cell1/genesis
for i in 1 2 3 4; do
	"$edgecord" node --config "$cell/node$i/node.yaml" >"$dir/log$i" 2>&1 &
	nodes="$nodes $!"
done
ports=$(python3 - "$dir/net/network.json" <<'EOF'
import json, sys
def find(x, key):
    if isinstance(x, dict):
        for k, v in x.items():
            if k == key:
                yield v
            yield from find(v, key)
    elif isinstance(x, list):
        for v in x:
            yield from find(v, key)
net = json.load(open(sys.argv[1]))
print(next(iter(find(net, "door_port"))), next(iter(find(net, "http_port"))))
EOF
)
EDGECORD_NODE=127.0.0.1:${ports% *}
export EDGECORD_NODE
url=http://127.0.0.1:${ports#* }
key=$(ls "$dir"/net/devices/*.key | head -n 1)

ready=1
for _ in $(seq 100); do
	"$edgecord" status --json >"$dir/status" 2>/dev/null && grep -q '"ready":true' "$dir/status" && ready=0 && break
	sleep 0.2
done
check "the cell is ready within 20 s" test $ready -eq 0
[ $ready -eq 0 ] || tail -n 3 "$dir/log1"

check "status for people" "$edgecord" status
check "submit waits until it is in a block" "$edgecord" submit --key "$key" --genesis "$genesis" --note hello --json
id=$(json "$dir/said" '["id"]')
check "receipt" "$edgecord" receipt "$id" -o "$dir/proof"
check "show a proof" "$edgecord" show "$dir/proof"
check "verify, offline" "$edgecord" verify "$dir/proof" --genesis "$genesis"
answers 1 "a proof with a flipped byte is invalid" python3 - "$edgecord" "$dir" "$genesis" <<'EOF'
import subprocess, sys, pathlib
edgecord, folder, genesis = sys.argv[1:]
proof = bytearray(pathlib.Path(folder, "proof").read_bytes())
worst = 1
for at in range(0, len(proof), max(1, len(proof) // 60)):
    bad = bytes(b ^ (0x20 if i == at else 0) for i, b in enumerate(proof))
    path = pathlib.Path(folder, "bad")
    path.write_bytes(bad)
    run = subprocess.run([edgecord, "verify", path, "--genesis", genesis], capture_output=True, text=True)
    if run.returncode not in (1, 2) or not run.stdout.strip():
        print("byte", at, "gave", run.returncode, run.stdout)
        sys.exit(0)
sys.exit(1)
EOF
check "another group's genesis" "$edgecord" init --dir "$dir/other" --homes 1 --keep-days 30 --keep-blocks 5555
check "it says how much is kept" sh -c "$edgecord show $dir/other/cell1/genesis | grep -q ', 5555\]'"
answers 2 "to keep no day is refused" "$edgecord" init --dir "$dir/none" --keep-days 0
answers 2 "to keep too few blocks is refused" "$edgecord" init --dir "$dir/none" --keep-blocks 999
answers 1 "by another group's genesis it is invalid" "$edgecord" verify "$dir/proof" --genesis "$dir/other/cell1/genesis"
answers 2 "what is no proof is unusable" "$edgecord" verify "$genesis" --genesis "$genesis"
answers 2 "a genesis that is none is unusable" "$edgecord" verify "$dir/proof" --genesis "$dir/proof"
check "query by prefix, seeing what was acknowledged" "$edgecord" query --prefix a/ --at latest
check "query what a quorum certified" "$edgecord" query --prefix a/ --at certified
check "what it answers says which state it is" sh -c \
	"$edgecord query --prefix a/ --at certified --json | grep -q '\"at\":\"certified\"'"
check "a program on the client library alone reads it, too" build/client-example "$EDGECORD_NODE" a/
check "and loads no library beside libsodium" sh -c \
	"! readelf -d build/client-example | grep NEEDED | grep -v -e libsodium -e libc.so"
answers 1 "a block that is not there yet is refused" "$edgecord" query --prefix a/ --min-seq 1000000
check "a proof of absence" "$edgecord" receipt --state no-such-name -o "$dir/absent"
check "absence verifies" "$edgecord" verify "$dir/absent" --genesis "$genesis"
answers 0 "absence of the name that was meant" "$edgecord" verify "$dir/absent" --genesis "$genesis" --name no-such-name
answers 1 "absence of another name is none of this" "$edgecord" verify "$dir/absent" --genesis "$genesis" --name such-a-name
check "verify says in JSON what is proven and what is not" sh -c \
	"'$edgecord' verify '$dir/absent' --genesis '$genesis' --json | python3 -c 'import json, sys; said = json.load(sys.stdin)
assert \"held nothing\" in said[\"proven\"] and any(\"--name\" in s for s in said[\"not_proven\"])
assert any(\"true\" in s for s in said[\"not_proven\"]) and said[\"proven_unless\"]'"
PYTHONPATH=tests python3 tests/commands.py "$edgecord" "$dir" "$genesis" "$dir/proof" "$key" || status=1
PYTHONPATH=tests python3 tests/usage.py "$dir" "$genesis" "$dir/proof" || status=1
check "a header is kept" "$edgecord" status --checkpoint "$dir/early"
check "later there is a note" "$edgecord" submit --key "$key" --note later --json
check "its receipt" "$edgecord" receipt "$(json "$dir/said" '["id"]')" -o "$dir/proof3"
check "a later note" "$edgecord" submit --key "$key" --note last
sleep 0.5
check "a later header is kept" "$edgecord" status --checkpoint "$dir/late"
for kept in early late; do
	answers 2 "a header of another block ($kept) needs a tie" "$edgecord" verify "$dir/proof3" \
		--genesis "$genesis" --checkpoint "$dir/$kept"
	check "what ties it ($kept)" "$edgecord" receipt "$dir/proof3" --checkpoint "$dir/$kept" -o "$dir/tie-$kept"
	check "proves it ($kept)" "$edgecord" verify "$dir/proof3" --genesis "$genesis" \
		--checkpoint "$dir/$kept" --tie "$dir/tie-$kept"
done
answers 2 "a tie to another header does not" "$edgecord" verify "$dir/proof3" --genesis "$genesis" \
	--checkpoint "$dir/late" --tie "$dir/tie-early"
python3 -c 'import sys; b = open(sys.argv[1], "rb").read(); open(sys.argv[2], "wb").write(b[:-5] + bytes([b[-5] ^ 1]) + b[-4:])' \
	"$dir/tie-late" "$dir/tie-broken"
answers 1 "a path of another history does not" "$edgecord" verify "$dir/proof3" --genesis "$genesis" \
	--checkpoint "$dir/late" --tie "$dir/tie-broken"
answers 2 "a wrong order meets a sentence" "$edgecord" submit --key "$key" --order 12:buy:1:1

check "an envelope is signed with no node" "$edgecord" submit --key "$key" --genesis "$genesis" --note offline \
	--sequence 7 --lane 3 -o "$dir/envelope" --json
salt=$(json "$dir/said" '["salt"]') id=$(json "$dir/said" '["id"]')
check "its salt is the HMAC of the formats" python3 - "$key" "$id" "$salt" <<'EOF'
import hmac, sys
seed, identity = bytes.fromhex(open(sys.argv[1]).read().strip()), bytes.fromhex(sys.argv[2])
key = hmac.digest(seed, b"edgecord/salt/1", "sha256")
sys.exit(hmac.digest(key, identity, "sha256").hex() != sys.argv[3])
EOF
http 200 "it is taken over HTTP" -X POST -H 'Content-Type: application/cose' -H "Edgecord-Salt: $salt" \
	--data-binary "@$dir/envelope" "$url/v1/envelopes?wait=1"
check "with result done" grep -q '"result":"done"' "$dir/body"
http 200 "a second time it is answered, not executed" -X POST -H 'Content-Type: application/cose' \
	-H "Edgecord-Salt: $salt" --data-binary "@$dir/envelope" "$url/v1/envelopes?wait=1"
sed 's/.$/x/' "$dir/envelope" >"$dir/forged"
http 422 "a forged one is refused" -X POST -H 'Content-Type: application/cose' -H "Edgecord-Salt: $salt" \
	--data-binary "@$dir/forged" "$url/v1/envelopes"
check "as a problem detail" grep -q 'urn:edgecord:problem:signature' "$dir/body"
http 200 "what became of it" "$url/v1/envelopes/$id"
for _ in $(seq 50); do
	[ "$(curl -s -m 5 -o "$dir/proof2" -w '%{http_code}' "$url/v1/receipts/$id")" = 200 ] && break
	sleep 0.1
done
check "its receipt over HTTP verifies" "$edgecord" verify "$dir/proof2" --genesis "$genesis"
http 200 "the state over HTTP" "$url/v1/state/a/?prefix=1&at=certified"
http 200 "a receipt over HTTP that need not be certified" "$url/v1/receipts/$id?depth=1"
check "which holds as the other does" "$edgecord" verify "$dir/body" --genesis "$genesis"
http 400 "nor is depth=2 one" "$url/v1/receipts/$id?depth=2"
http 200 "a beacon over HTTP, of the keys that were generated above" "$url/v1/beacon"
block=$(json "$dir/body" '["block"]') value=$(json "$dir/body" '["value"]')
json "$dir/body" '["proof"]' | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >"$dir/beacon-http"
check "the same over the binary door" sh -c \
	"'$edgecord' beacon --block $block --node '$cell/node3' -o '$dir/beacon' | grep -q $value"
for proof in beacon beacon-http; do
	check "its proof verifies ($proof)" sh -c "'$edgecord' verify '$dir/$proof' --genesis '$genesis' --json | grep -q $value"
	check "by the second verifier, too ($proof)" sh -c \
		"tools/verify_proof.py '$dir/$proof' --genesis '$genesis' | grep -q $value"
done
http 503 "a beacon of a block that is not there yet" "$url/v1/beacon?block=1000000000"
http 404 "nor one of a block of the first era, which had no keys" "$url/v1/beacon?block=1"
check "and it says why" grep -q 'share no keys' "$dir/body"
http 200 "status" "$url/v1/status"
http 200 "alive" "$url/healthz"
http 200 "ready" "$url/readyz"
http 404 "no such resource" "$url/v2"
http 200 "metrics" "$url/metrics"
cp "$dir/body" "$dir/metrics"
if command -v promtool >/dev/null 2>&1; then
	check "promtool has nothing to say about the metrics" sh -c "promtool check metrics <$dir/metrics"
else
	echo "skipped promtool is not installed (package prometheus)"
fi
check "the metrics count what was done" grep -q '^edgecord_ledger_executed_total [1-9]' "$dir/metrics"
check "and forged signatures" grep -q '^edgecord_signature_failures_total{reason="client"} 1$' "$dir/metrics"
python3 tests/refusals.py "$dir/net" || status=1
check "the node is still ready" curl -sf -m 5 -o /dev/null "$url/readyz"
answers 1 "a folder that is none is told so" "$edgecord" status --node "$dir/nowhere/cell1"
check "by its name" sh -c "'$edgecord' status --node '$dir/nowhere/cell1' 2>&1 | grep -q 'there is no folder'"
stop
answers 1 "a node that is gone is told so" "$edgecord" status
check "verify needs no node" "$edgecord" verify "$dir/proof" --genesis "$genesis"

for mode in order ledger signed; do
	check "bench --mode $mode: all members count what it reports" \
		"$edgecord" bench --mode $mode --clients 8 --seconds 1 --json --dir "$dir/bench-$mode"
done
check "bench over HTTP" "$edgecord" bench --mode ledger --rest --clients 8 --seconds 1 --json --dir "$dir/bench-rest"
check "bench in the open loop" "$edgecord" bench --mode ledger --open 100 --clients 8 --seconds 1 --json --dir "$dir/bench-open"
exit $status
