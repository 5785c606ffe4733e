#!/usr/bin/env python3
"""commands.py EDGECORD FOLDER GENESIS PROOF KEY - every command has --help and --json.

Run inside tests/clients.sh: EDGECORD_NODE is a node of a running cell, PROOF one of its proofs."""
import json
import os
import subprocess
import sys

from network import Checks

edgecord, folder, genesis, proof, key = sys.argv[1:]
checks = Checks()
NAMES = ("up", "init", "status", "submit", "query", "receipt", "verify", "show", "bench", "node",
         "node join", "node rejoin", "sim")


def run(*words):
    return subprocess.run([edgecord, *words], capture_output=True, text=True, check=False,
                          timeout=60)


def helps():
    listed = [line.split()[0] for line in run("--help").stdout.splitlines()
              if line.startswith("  ") and line[2] != " "]
    checks.check(sorted(listed) == sorted(name for name in NAMES if " " not in name),
                 "`edgecord --help` lists every command", listed)
    for name in NAMES:
        done = run(*name.split(), "--help")
        checks.check(done.returncode == 0 and "Usage: edgecord" in done.stdout and
                     "--json" in done.stdout and not done.stderr,
                     f"edgecord {name} --help: says how it is used, and has --json",
                     (done.returncode, done.stdout[:200], done.stderr[:200]))
        done = run(*name.split(), "--no-such-option")
        checks.check(done.returncode == 2 and not done.stdout and "--help" in done.stderr,
                     f"edgecord {name} --no-such-option: usage, exit code 2",
                     (done.returncode, done.stderr[:200]))


def table():
    """(words, exit code, a key that the object has; True: in the last line of stderr)"""
    config = os.path.join(os.path.dirname(genesis), "node1", "node.yaml")
    identity = json.loads(run("verify", proof, "--genesis", genesis, "--json").stdout)["id"]
    new = os.path.join(folder, "made-for-json")
    yield ("init", "--dir", new, "--homes", "1"), 0, "groups", False
    yield ("status",), 0, "seq", False
    yield ("submit", "--key", key, "--note", "json"), 0, "id", False
    yield ("query", "--prefix", "a/"), 0, "items", False
    yield ("query", "--gaps"), 0, "items", False
    yield ("receipt", identity, "-o", os.path.join(folder, "json-proof")), 0, "bytes", False
    yield ("verify", proof, "--genesis", genesis), 0, "not_proven", False
    yield ("verify", genesis, "--genesis", genesis), 2, "why", False
    yield ("show", proof), 0, "sha256", False
    yield ("sim", "--seed", "1", "--protocol", "pbft"), 0, None, False
    yield ("node", "--check", "--config", config), 0, "good", False
    yield ("node", "--config", os.path.join(folder, "nowhere.yaml")), 2, "text", True
    yield ("node", "--config", config, "--set", "colour=blue"), 2, "text", True
    yield ("node", "--config", config), 1, "text", True  # it runs already


def objects():
    for words, code, name, is_event in table():
        done = run(*words, "--json")
        text = done.stderr.splitlines()[-1] if is_event and done.stderr else done.stdout
        try:
            said = json.loads(text)
        except ValueError:
            said = None
        checks.check(done.returncode == code and isinstance(said, dict) and
                     (name is None or name in said),
                     f"edgecord {' '.join(words[:2])} ... --json: one object, exit code {code}",
                     (done.returncode, done.stdout[:300], done.stderr[:300]))


helps()
objects()
sys.exit(1 if checks.failed else 0)
