#!/usr/bin/env python3
"""commands.py EDGECORD FOLDER GENESIS PROOF KEY - every command has --help and --json.

Run inside tests/clients.sh: EDGECORD_NODE is a node of a running cell, PROOF one of its proofs."""
import json
import os
import socket
import struct
import subprocess
import sys
import threading

from documented import not_events, wrong
from network import Checks

edgecord, folder, genesis, proof, key = sys.argv[1:]
checks = Checks()
ANY, EVENT = None, object()
HISTORY = ('{"client":1,"key":"k","op":"put","value":"x","call_ns":1,"return_ns":2}\n'
           '{"client":1,"key":"k","op":"get","result":"x","call_ns":3,"return_ns":4}\n')
NAMES = ("up", "init", "status", "submit", "query", "store", "receipt", "beacon", "verify", "show",
         "bench", "node", "node join", "node rejoin", "node retire", "node rotate", "node switch",
         "node lead", "sim", "history", "lab")


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
    """(words, exit code, the command in docs/commands.md; EVENT: the last line of stderr)"""
    config = os.path.join(os.path.dirname(genesis), "node1", "node.yaml")
    identity = json.loads(run("verify", proof, "--genesis", genesis, "--json").stdout)["id"]
    new = os.path.join(folder, "made-for-json")
    yield ("init", "--dir", new, "--homes", "1"), 0, "init"
    yield ("status",), 0, ANY
    yield ("submit", "--key", key, "--note", "json"), 0, "submit"
    yield ("query", "--prefix", "a/"), 0, "query"
    yield ("query", "--gaps"), 0, "query --gaps"
    yield ("receipt", identity, "-o", os.path.join(folder, "json-proof")), 0, "receipt"
    yield ("verify", proof, "--genesis", genesis), 0, "verify"
    yield ("verify", genesis, "--genesis", genesis), 2, "verify"
    yield ("show", proof), 0, "show"
    yield ("sim", "--seed", "1", "--protocol", "pbft"), 0, "sim"
    yield ("lab", "table1", "--nodes", "4"), 0, "lab"
    for text, code in (HISTORY, 0), (HISTORY.replace('"result":"x"', '"result":"y"'), 1):
        path = os.path.join(folder, f"history-{code}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        yield ("history", path), code, "history"
    yield ("bench", "--mode", "order", "--clients", "8", "--seconds", "1", "--dir",
           os.path.join(folder, "bench-for-json")), 0, "bench"
    yield ("node", "--check", "--config", config), 0, "node --check"
    yield ("node", "--config", os.path.join(folder, "nowhere.yaml")), 2, EVENT
    yield ("node", "--config", config, "--set", "colour=blue"), 2, EVENT
    yield ("node", "--config", config), 1, EVENT  # it runs already
    yield ("node", "join", folder), 1, EVENT  # that is no group's folder
    switch = "node", "switch", "--protocol", "pbft"
    yield (*switch, folder), 1, EVENT  # nor is it here
    yield ("node", "lead", folder), 1, EVENT  # nor a node of one
    yield (*switch, "--option", "interval=128", os.path.dirname(genesis)), 0, "node switch"
    yield ("query", "--keygen"), 1, "query --keygen"  # nobody made keys yet
    yield (*switch, "--keys", os.path.dirname(genesis)), 0, "node switch"
    yield ("beacon", "--genesis", genesis), 0, "beacon"
    yield ("node", "switch", "--protocol", "honeybadger", os.path.dirname(genesis)), 0, "node switch"
    yield ("query", "--keygen"), 0, "query --keygen"
    yield ("beacon", "--genesis", genesis), 0, "beacon"
    yield ("beacon", "--genesis", genesis, "-o", os.path.join(folder, "json-beacon")), 0, "beacon"
    yield ("node", "rejoin", os.path.dirname(genesis)), 1, EVENT
    yield ("node", "rejoin", os.path.dirname(config)), 1, EVENT  # it runs and votes


def objects():
    """What is printed is one JSON object, with the keys of docs/commands.md."""
    for words, code, name in table():
        done = run(*words, "--json")
        if name is EVENT:
            bad = done.stdout or not_events(done.stderr)
        else:
            bad = wrong(name, done.stdout) if name else not json.loads(done.stdout)
        checks.check(done.returncode == code and not bad,
                     f"edgecord {' '.join(words[:2])} ... --json: one object as documented, exit "
                     f"code {code}", (done.returncode, bad, done.stderr[:300]))


def frame(kind, token, fields):
    body = struct.pack("<BQ", kind, token) + fields
    return struct.pack("<I", len(body)) + body


def block(text):
    return struct.pack("<I", len(text)) + text


def rude(kind, fields, *words):
    """What `edgecord WORDS` prints of a gateway that answers so: (exit code, bytes)."""
    def serve():
        link, _ = listener.accept()
        link.recv(1024)  # HELLO
        link.sendall(frame(65, 0, struct.pack("<H", 1) + bytes(64) + struct.pack("<I", 1000) +
                           block(b"net") + block(b"cell")))
        asked = link.recv(1024)
        link.sendall(frame(kind, struct.unpack_from("<Q", asked, 5)[0], fields))
        link.recv(1024)
        link.close()
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve)
    thread.start()
    done = subprocess.run([edgecord, *words, "--node",
                           f"127.0.0.1:{listener.getsockname()[1]}"],
                          capture_output=True, check=False, timeout=30)
    thread.join()
    listener.close()
    return done.returncode, done.stdout + done.stderr


def terminals():
    """A gateway's words are shown, and no terminal obeys them."""
    words = b"\x1b[2Jcome\x07 in\xc2\x9b"
    for what, kind, fields in (
            ("refuses", 68, struct.pack("<HI", 4, 0) + block(words)),
            ("says goodbye", 75, struct.pack("<H", 4) + block(words)),
            ("gives a status that is none", 72, block(words)),
            ("names its owner", 72, block(b'{"owner":"\\u001b[2J\\u009bcome"}'))):
        code, said = rude(kind, fields, "status")
        odd = [byte for byte in said if byte != 10 and not 32 <= byte < 127]
        checks.check(said and not odd and (b"not JSON" in said or b"come" in said),
                     f"a gateway that {what} with control characters: they are shown, not sent "
                     "to the terminal", (code, said))


def beacons():
    """What a gateway gives for a beacon is judged; nothing that does not hold is printed."""
    with open(proof, "rb") as file:
        of_envelope = file.read()
    for what, gives, why in (("a proof of something else", of_envelope, b"is of no beacon"),
                             ("a spoilt one", of_envelope[:-9] + b"x" + of_envelope[-8:],
                              b"does not hold"), ("none", b"noise", b"does not hold")):
        code, said = rude(70, b"\0" + block(gives), "beacon", "--genesis", genesis, "--json")
        checks.check(code == 1 and why in said and b"{" not in said,
                     f"a gateway that gives {what} for a beacon: it is refused", (code, said))


def simulators():
    """The simulator's own protocols are no group's, which is said."""
    for name in ("longest", "sequencer"):
        for words in (("init", "--dir", os.path.join(folder, "none")),
                      ("node", "switch", os.path.dirname(genesis))):
            done = run(*words, "--protocol", name)
            checks.check(done.returncode == 2 and not os.path.exists(os.path.join(folder, "none")) and
                         f"{name} is for `edgecord sim` alone" in done.stderr.replace("\n", " "),
                         f"edgecord {words[0]} --protocol {name}: refused, in a sentence",
                         (done.returncode, done.stderr))


helps()
simulators()
objects()
beacons()
terminals()
sys.exit(1 if checks.failed else 0)
