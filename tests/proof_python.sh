#!/bin/sh
# proof_python.sh - the second verifier, tools/verify_proof.py: its own tests.
set -u
cd "$(dirname "$0")/.."
exec python3 tools/verify_proof_test.py
