#!/usr/bin/env python3
"""e2e.py - a real network from outside: a day of `up`, kills, receipts, outages, bad input.

usage: tests/e2e.py [FOLDER]     a folder is kept; without one a temporary folder is used
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from network import (EDGECORD, ROOT, Author, Checks, Network, Stream, agreement, first_port, garbage, proof, run,
                     wait_for)

RATE = 1800  # a quarter-hour in half a second
DELAY_MAX_S = 2.0
checks = Checks()
check = checks.check


def a_day(folder):
    """`edgecord up` as automation uses it."""
    code, out, errors = run("up", "--dir", folder, "--cells", 1, "--cloud", 4, "--homes", 4,
                            "--slots", 20, "--speed", 2, "--port", first_port() + 50, "--exit", "--json", timeout=90)
    try:
        day = json.loads(out)
    except ValueError:
        check(False, "up: ends with one JSON object", errors[-300:])
        return
    print("   up:", json.dumps(day))
    check(code == 0, "up: exit code 0", errors[-300:])
    check(day["nodes_up"] == day["nodes"] == 8, "up: all eight nodes are up at the end")
    check(day["readings_committed"] >= 4 * 20, "up: a reading a home and slot is committed",
          day["readings_committed"])
    check(day["trades_committed"] > 0 and day["energy_traded_wh"] > 0, "up: homes trade")
    check(day["money_conserved"] is True, "up: money is conserved")
    check(0 < day["commit_ms_p50"] <= day["commit_ms_p99"] < 1000 * DELAY_MAX_S,
          "up: half of the commits are quick, and the slow ones below 2 s", day["commit_ms_p99"])
    check(day["certificates"] > 0 and day["anchors"] > 0, "up: blocks are certified and anchored")
    check(0 < day["first_trade_s"] < 15, "up: first trade within 15 s of the start")
    check(0 < day["rss_max_bytes"] < 64 << 20 and day["disk_bytes"] > 0, "up: a node stays small",
          day["rss_max_bytes"])


# ---- kill -9 ---------------------------------------------------------------------------------


def catch_up(node, others):
    """Starts a node that was killed.  Returns: seconds until it is where the others are."""
    begin = time.monotonic()
    node.start()

    def level():
        status = node.status()
        said = [other.status() for other in others]
        return (status and status["ready"] and all(said) and
                status["seq"] >= max(s["seq"] for s in said) - 2)
    return time.monotonic() - begin if wait_for(level, 20) else None


def kill_one(cell, stream, node, what):
    begin = time.monotonic()
    before = stream.count()
    node.kill()
    time.sleep(4)
    worst = stream.worst(begin)
    check(stream.count() - before > 20, f"{what}: commits go on while it is away",
          stream.count() - before)
    check(worst <= DELAY_MAX_S, f"{what}: no commit is delayed by more than 2 s", f"{worst:.2f} s")
    seconds = catch_up(node, [other for other in cell if other is not node])
    check(seconds is not None, f"{what}: restarted, it catches up by itself")
    print(f"   {what}: worst delay {worst:.3f} s, caught up in {seconds or -1:.2f} s", flush=True)


def kill_each(network, stream):
    cell = network.groups["cell1"]
    leader = wait_for(network.leader, 5)
    if not check(leader, "the members agree who leads"):
        return
    kill_one(cell, stream, next(n for n in cell if n is not leader), "kill -9 of a follower")
    leader = wait_for(network.leader, 5) or leader
    kill_one(cell, stream, leader, "kill -9 of the leader")


def kill_all(network, stream):
    """All nodes of all groups, with requests on their way."""
    nodes = network.nodes()
    for node in nodes:
        node.process.send_signal(signal.SIGKILL)
    for node in nodes:
        node.kill()
    time.sleep(1)
    begin = time.monotonic()
    ready = network.start()
    check(ready, "kill -9 of all nodes: all are ready again",
          [n.name for n in nodes if not n.is_ready()])
    print(f"   all nodes were ready {time.monotonic() - begin:.2f} s after their start", flush=True)
    before = stream.count()
    check(wait_for(lambda: stream.count() > before + 20, 20),
          "kill -9 of all nodes: commits go on afterwards")


def found(node, identity, seq):
    answer = node.ask(f"/v1/envelopes/{identity.hex()}")
    return answer is not None and answer["seq"] == (seq or answer["seq"])


def all_found(network, stream, when):
    """A member that was away so long that it took the state from others has no blocks from before;
    one at least must have each."""
    with stream.lock:
        done = stream.done[stream.judged:]
    missing = sum(not any(found(node, i, seq) for node in network.groups["cell1"])
                  for i, seq in done)
    check(not missing, f"{when}: every acknowledged envelope is found in its block",
          f"{missing} of {len(done)} are missing")
    stream.judged += len(done)


def nothing_lost(network, stream):
    cell = network.groups["cell1"]
    all_found(network, stream, "at the end")
    check(not stream.lost and stream.count() > 100, "every note of the stream was acknowledged",
          f"{len(stream.lost)} of {stream.count()} not")
    at = agreement(cell)
    check(at, "all members of the cell are at one block with one header",
          [(s["seq"], s["header"][:8]) if (s := n.status()) else None for n in cell])
    check({network.balances(node) for node in cell} == {0}, "the books of all members balance")


def no_gap(network):
    """Also late readings come from the outboxes; then no slot of any home may be listed."""
    cell = network.groups["cell1"]
    meters = cell[0].state("meter/") or []
    check(len(meters) == network.homes_a_cell, "every home has a meter", len(meters))
    gaps = wait_for(lambda: cell[0].state("gap/") == [], 10)
    check(gaps, "no slot is lost: no gap is listed for any home", cell[0].state("gap/"))


# ---- Receipts --------------------------------------------------------------------------------


def ids_of_reading_and_order(node):
    reading = proof.decode(node.state("reading/")[-1][1], "a reading")
    trade = proof.decode(node.state("trade/")[-1][1], "a trade")
    return reading[6], trade[5]


def python_verifies(path, genesis):
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tools/verify_proof.py"), path,
                           "--genesis", genesis], capture_output=True, check=False)
    return done.returncode


def flips_refused(path, genesis, verifies, count):
    """Returns: the positions whose flipped byte was not refused."""
    with open(path, "rb") as file:
        good = file.read()
    flipped = path + ".flipped"
    passed = []
    for at in random.Random(1).sample(range(len(good)), min(count, len(good))):
        with open(flipped, "wb") as file:
            file.write(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        if verifies(flipped, genesis) not in (1, 2):
            passed.append(at)
    return passed


def c_verifies(path, genesis):
    return run("verify", path, "--genesis", genesis)[0]


def receipts(network, stream):
    node, genesis = network.groups["cell1"][1], network.genesis("cell1")
    has_verify = " verify " in run("--help")[1]
    if not has_verify:
        print("skipped receipts with `edgecord verify`: there is no such command yet")
    reading, order = ids_of_reading_and_order(node)
    subjects = {"note": [stream.done[-1][0].hex()], "reading": [reading.hex()],
                "order": [order.hex()]}
    bill = node.state("bill/")[0][0]
    path = os.path.join(network.folder, "proof")
    for what, arguments in subjects.items():
        code, _, errors = run("receipt", *arguments, "-o", path + "." + what, "--node", node.door)
        if not check(code == 0, f"receipt of a {what}: fetched", errors):
            continue
        check_proof(path + "." + what, what, genesis, has_verify)
    status, data = node.http("GET", "/v1/proofs/0x" + bill.hex())
    if check(status == 200, "proof of a bill: fetched", data[:200]):
        with open(path + ".bill", "wb") as file:
            file.write(data)
        check_proof(path + ".bill", "bill", genesis, has_verify)


def check_proof(path, what, genesis, has_verify):
    check(python_verifies(path, genesis) == 0, f"proof of a {what}: tools/verify_proof.py agrees")
    check(python_verifies(path, os.path.join(os.path.dirname(genesis), "../cloud/genesis")) == 1,
          f"proof of a {what}: invalid for another genesis")
    passed = flips_refused(path, genesis, python_verifies, 5)
    check(not passed, f"proof of a {what}: flipped bytes are refused in Python", passed)
    if has_verify:
        check(c_verifies(path, genesis) == 0, f"proof of a {what}: edgecord verify agrees")
        passed = flips_refused(path, genesis, c_verifies, 60)
        check(not passed, f"proof of a {what}: flipped bytes are refused", passed)


# ---- Outages ---------------------------------------------------------------------------------


def anchored(network):
    """The cell's block that the cloud anchored last; 0: none, or no answer."""
    items = network.groups["cloud"][0].state("anchor/cell1")
    return proof.decode(items[0][1], "an anchor")[0] if items else 0


def cloud_away(network, stream):
    cell, cloud = network.groups["cell1"], network.groups["cloud"]
    check(wait_for(lambda: anchored(network), 10), "the cloud anchors the cell's headers")
    for node in cloud:
        node.stop()
    before, seq = stream.count(), cell[0].status()["seq"]
    time.sleep(4)
    check(stream.count() > before + 20 and cell[0].status()["seq"] > seq,
          "the cloud is away: the cell goes on")
    for node in cloud:
        node.start()
    check(network.wait_ready(cloud, 20), "the cloud is ready again")
    newest, begin = cell[0].status()["certified"], time.monotonic()
    caught = wait_for(lambda: anchored(network) >= newest, 20)
    check(caught, "the cloud is back: anchors catch up with the newest header",
          f"{anchored(network)} of {newest}")
    print(f"   anchors caught up in {time.monotonic() - begin:.2f} s", flush=True)


def home_away(network):
    node, home = network.groups["cell1"][0], network.homes[2]
    key = Author(home.key_file, network.genesis("cell1")).key
    home.stop()
    time.sleep(3)
    home.start()
    gap = wait_for(lambda: [name for name, _ in node.state("gap/") or [] if name[4:36] == key], 10)
    check(gap, "a home is away: the gap is listed when it is back")
    others = [name for name, _ in node.state("gap/") or [] if name[4:36] != key]
    check(not others, "a home is away: no other home has a gap")
    time.sleep(2)


def outboxes_empty(network):
    """A device that stops says what still waits: at most what the last moment brought."""
    for home in network.homes:
        home.stop()
    waiting = [int(home.log().rsplit("waiting ", 1)[1].split(",")[0]) for home in network.homes]
    check(max(waiting) <= 4, "outboxes are empty but for the last slot", waiting)


# ---- Bad input -------------------------------------------------------------------------------


def node_refuses(node, text, what, *settings, config=None):
    """A start that must end at once with code 1 or 2 and a clear answer."""
    arguments = ["node", "--config", config or os.path.join(node.folder, "node.yaml")]
    for setting in settings:
        arguments += ["--set", setting]
    try:
        code, _, errors = run(*arguments, timeout=10)
    except subprocess.TimeoutExpired:
        check(False, what, "it runs")
        return
    check(code in (1, 2) and text in errors, what, f"code {code}, {errors[-300:]}")


def bad_starts(network):
    """With node 4 of the cell stopped; its data must stay as it is."""
    cell, cloud = network.groups["cell1"], network.groups["cloud"]
    node = cell[3]
    node.stop()
    node_refuses(node, "another network or group", "wrong genesis: refused with the reason",
                 "genesis=" + network.genesis("cloud"))
    node_refuses(node, "another node", "data folder of another node: refused with the reason",
                 "data=" + data_of_stopped(cell[2]))
    cell[2].start()
    node_refuses(node, "another network or group",
                 "data folder of another network: refused with the reason",
                 "data=" + data_of_stopped(cloud[0]))
    cloud[0].start()
    config = os.path.join(node.folder, "unknown.yaml")
    with open(os.path.join(node.folder, "node.yaml"), encoding="utf-8") as file:
        text = file.read()
    with open(config, "w", encoding="utf-8") as file:
        file.write(text + "colour: blue\n")
    node_refuses(node, "colour", "unknown configuration key: refused with its name and line",
                 config=config)
    node_refuses(node, "color", "unknown --set: refused with its name", "color=blue")
    with open(config, "w", encoding="utf-8") as file:
        file.write(text.replace(cell[1].key, cell[0].key))
    node_refuses(node, "one key", "two nodes with one key: refused with both", config=config)
    node.start()
    network.wait_ready([node], 20)
    node_refuses(node, "another process", "a second process on one data folder: refused")
    check(network.wait_ready(cell + [cloud[0]], 20), "after bad starts all are ready again")


def data_of_stopped(node):
    node.stop()
    return os.path.join(node.folder, "data")


def bad_bytes(network, stream):
    """Garbage, nothing, and too much at every port of one node."""
    node = network.groups["cell1"][0]
    noise = random.Random(2).randbytes(4096)
    big = struct.pack("<I", 0x7fffffff)
    for port, name in ((node.peer_port, "peer"), (node.door_port, "binary"),
                       (node.http_port, "HTTP")):
        garbage(port, noise)
        garbage(port, big + noise)
        garbage(port, b"", 0.2)
        garbage(port, b"\x16\x03\x01\xff\xff" + noise)
        check(node.is_alive() and node.is_ready(), f"garbage at the {name} port: the node goes on",
              node.log()[-300:])
    hello = struct.pack("<IBQ", 19, 1, 1) + b"edgecord" + struct.pack("<H", 1)
    answer = garbage(node.door_port, hello + big + noise)
    check(len(answer) > 13 and answer[4] == 65 , "binary door: greets, then ends "
          "at a frame beyond the limit", answer[:40])
    author = stream.author
    identity, salt, envelope = author.note()
    wrong = envelope[:-1] + bytes([envelope[-1] ^ 1])
    status, answer = node.submit((identity, salt, wrong))
    check(status == 422 or status == 400, "a wrong signature: refused", (status, answer))
    status, answer = node.submit((identity, salt, noise))
    check(status in (400, 422), "no CBOR: refused", (status, answer))
    status, answer = node.submit((identity, salt, b"\x81" * 4000))
    check(status in (400, 422), "deeply nested CBOR: refused", (status, answer))
    answer = garbage(node.http_port, b"POST /v1/envelopes HTTP/1.1\r\nHost: localhost\r\n"
                     b"Content-Type: application/cose\r\nEdgecord-Salt: " +
                     salt.hex().encode() + b"\r\nContent-Length: 1048576\r\n\r\n")
    check(b" 413 " in answer[:16], "an envelope beyond the limit: refused before it is sent",
          answer[:300])
    check(node.submit((identity, salt, envelope))[0] == 200, "the good one: taken")
    again = node.submit((identity, salt, envelope))
    check(again[0] == 200 and again[1]["result"] in ("done", "used"),
          "the same again: answered with where it stands", again)


def play(folder):
    a_day(os.path.join(folder, "day"))
    network = Network(os.path.join(folder, "network"), "--cells", 1, "--cloud", 4, "--homes", 4,
                      "--rate", RATE)
    try:
        if not check(network.start(), "a network of eight nodes is ready within 30 s"):
            return
        network.start_homes()
        author = Author(network.homes[0].key_file, network.genesis("cell1"))
        stream = Stream(network.groups["cell1"], author)
        time.sleep(2)
        kill_each(network, stream)
        kill_all(network, stream)
        all_found(network, stream, "kill -9 of all nodes")
        cloud_away(network, stream)
        no_gap(network)
        home_away(network)
        bad_bytes(network, stream)
        bad_starts(network)
        outboxes_empty(network)
        stream.stop()
        nothing_lost(network, stream)
        receipts(network, stream)
        clean = [node.stop() for node in network.nodes()]
        check(not any(clean), "every node ends with exit code 0 at SIGTERM", clean)
    finally:
        network.stop()


def main():
    if not os.access(EDGECORD, os.X_OK):
        sys.exit(f"{EDGECORD} is not there; build it: tools/build release")
    folder = sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="edgecord-e2e.")
    begin = time.monotonic()
    os.makedirs(folder, exist_ok=True)
    play(folder)
    print(f"   {time.monotonic() - begin:.0f} s", flush=True)
    if len(sys.argv) < 2 and not checks.failed:
        shutil.rmtree(folder)
    elif checks.failed:
        print(f"   what it left stands in {folder}")
    sys.exit(1 if checks.failed else 0)


main()
