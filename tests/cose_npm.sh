#!/bin/sh
# cose_npm.sh - our envelopes against an outside COSE library, @auth0/cose of npm.
set -u
cd "$(dirname "$0")/.."
if ! command -v npm >/dev/null 2>&1; then
	echo "skipped an outside COSE library: npm is not installed"
	exit 0
fi
tools/build release || { echo "FAIL build"; exit 1; }
dir=build/cose_npm
mkdir -p $dir
if [ ! -d $dir/node_modules/@auth0/cose ]; then
	echo '{"private": true}' >$dir/package.json
	if ! npm install --prefix $dir --no-audit --no-fund --ignore-scripts --no-save \
	     @auth0/cose@1.0.2 cbor-x@1.5.9 >$dir/log 2>&1; then
		tail -n 3 $dir/log
		echo "skipped an outside COSE library: npm cannot install @auth0/cose here"
		exit 0
	fi
fi
cp tests/cose_npm.mjs $dir/
exec node $dir/cose_npm.mjs build/cose_tool
