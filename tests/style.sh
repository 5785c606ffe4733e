#!/bin/sh
# style.sh - the rules of the house that a machine can check.
set -u
cd "$(dirname "$0")/.."
exec python3 tools/check_style.py
