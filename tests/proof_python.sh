#!/bin/sh
# proof_python.sh - the second verifier, tools/verify_proof.py: its own tests, and against the program.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
status=0
python3 tools/verify_proof_test.py || status=1
python3 tests/proof_differential.py build/proof_tool || status=1
exit $status
