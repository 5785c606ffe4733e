#!/usr/bin/env python3
"""e2e.py - a real network from outside: `./run`, a day of `up`, a home that is away, bad input.

usage: tests/e2e.py [FOLDER]     a folder is kept; without one a temporary folder is used
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import datetime
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import time

import hostile
from documented import wrong
from network import (EDGECORD, ROOT, Author, Checks, Network, Stream, agreement, community_s,
                     crossing_orders, first_port, garbage, proof, run, unfound, wait_for)
from up import Up

RATE = 1800  # a quarter-hour in half a second
DELAY_MAX_S = 2.0
SLOT_S = 900
ORDERS_AHEAD = 10  # slots; homes order up to 8 ahead at this rate
NAMES = ("readings_committed", "trades_committed", "energy_traded_wh", "money_conserved",
         "commit_ms_p50", "commit_ms_p99", "certificates", "anchors", "rss_max_bytes", "disk_bytes",
         "cpu_s_per_1000_readings")  # that automation relies on
checks = Checks()
check = checks.check


def run_itself(folder):
    """`./run`, which everybody types: the default network; its day begins on a summer's morning."""
    up = Up(os.path.join(folder, "run"), "--exit", "--slots", 4, "--speed", 4,
            program=(os.path.join(ROOT, "run"),))
    try:
        if not check(up.adopt(), "./run: sixteen nodes and thirty homes are started",
                     up.said()[-300:]):
            return
        status = wait_for(up.network.groups["cell1"][0].status, 5)
        now_s, origin_s = community_s(up.network.genesis("cell1"))
        zone = datetime.timezone(datetime.timedelta(hours=2))
        begin = datetime.datetime.fromtimestamp(origin_s, zone)
        check((begin.day, begin.month, begin.hour, begin.minute) == (21, 6, 9, 0) and
              origin_s <= status["time_ns"] // 10**9 <= now_s,
              "./run: the day begins at 09:00 on 21 June", (begin, status["time_ns"], now_s))
        code, day = up.end()
        check(code == 0 and day and not [name for name in NAMES if name not in day],
              "./run: ends with exit code 0 and its figures", (code, day))
        check(day and day["nodes_up"] == 16 and day["readings_committed"] >= 30 * 4 and
              day["money_conserved"] is True, "./run: a reading a home and slot is committed", day)
    finally:
        up.stop()


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
    check(not wrong("up --exit", out), "up: its object has the keys of docs/commands.md",
          wrong("up --exit", out))
    check(code == 0, "up: exit code 0", errors[-300:])
    check(day["nodes_up"] == day["nodes"] == 8, "up: all eight nodes are up at the end")
    check(day["readings_committed"] >= 4 * 20, "up: a reading a home and slot is committed",
          day["readings_committed"])
    check(day["trades_committed"] > 0 and day["energy_traded_wh"] > 0, "up: homes trade")
    check(day["money_conserved"] is True, "up: money is conserved")
    check(day["bill_lines"] >= 4 * 18, "up: all bills are added up against trades and accounts",
          day["bill_lines"])
    check(0 < day["commit_ms_p50"] <= day["commit_ms_p99"] < 1000 * DELAY_MAX_S,
          "up: half of the commits are quick, and the slow ones below 2 s", day["commit_ms_p99"])
    check(day["certificates"] > 0 and day["anchors"] > 0, "up: blocks are certified and anchored")
    check(0 < day["first_trade_s"] < 15, "up: first trade within 15 s of the start")
    check(0 < day["rss_max_bytes"] < 64 << 20 and day["disk_bytes"] > 0, "up: a node stays small",
          day["rss_max_bytes"])


def up_refuses(folder):
    """What cannot work is said at once, in the words of who noticed."""
    for arguments, code, words in (
            (("--protocol", "nosuch"), 2, "there is no 'nosuch'"),
            (("--unit", "miles"), 2, "--unit takes W, kW, Wh, kWh or pu, not 'miles'"),
            (("--kwp", "3"), 2, "--kwp says something about a file: give --pv FILE too"),
            (("--pv-unit", "W"), 2, "--pv-unit says something about a file: give --pv FILE too"),
            (("--unit", "W"), 2, "--unit says something about a file: give --data FILE too"),
            (("--tz", "Europe/Berlin"), 2, "--tz says something about a file: give --data"),
            (("--data", "/nowhere.csv"), 1, "cannot be opened: No such file")):
        got, _, errors = run("up", "--dir", os.path.join(folder, "refused"), "--cells", 1, "--cloud",
                             0, "--homes", 1, "--port", first_port() + 50, *arguments, timeout=20)
        check(got == code and words in errors, f"up {' '.join(arguments)}: refused at once",
              f"exit code {got}: {errors[-300:]}")
        shutil.rmtree(os.path.join(folder, "refused"), ignore_errors=True)


def up_goes_on(folder):
    """On a network that is there: what is said otherwise is refused, what is so is taken."""
    said = {"cells": (2, 1), "members": (7, 4), "cloud": (0, 4), "homes": (9, 4), "speed": (7, 2),
            "port": (19999, first_port() + 50)}
    for option, (other, there) in said.items():
        code, out, errors = run("up", "--dir", folder, "--slots", 1, "--exit", f"--{option}", other,
                                timeout=60)
        check(code == 1 and f"has --{option} {there}, not {other}" in errors and not out,
              f"up on a network that is there: another --{option} is refused", errors[-300:])
    same = [word for option, (_, there) in said.items() for word in (f"--{option}", there)]
    code, out, errors = run("up", "--dir", folder, "--slots", 1, "--exit", *same, "--protocol",
                            "pbft", timeout=60)
    check(code == 0 and "\nmoney conserved: yes\n" in out,
          "up on a network that is there: the same again is taken", out[-300:] + errors[-300:])
    check(f"status    {EDGECORD} status --node {folder}/cell1/node1" in out,
          "up: tells the very command that shows a node", out[:500])


# ---- The end ---------------------------------------------------------------------------------


def nothing_lost(network, stream):
    cell = network.groups["cell1"]
    missing, asked = unfound(cell, stream)
    check(asked and not missing, "every acknowledged envelope is found in its block",
          f"{missing} of {asked} are missing")
    check(not stream.lost and stream.count() > 100, "every note of the stream was acknowledged",
          f"{len(stream.lost)} of {stream.count()} not")
    check(agreement(cell), "all members of the cell are at one block with one header",
          [(s["seq"], s["header"][:8]) if (s := n.status()) else None for n in cell])
    check({network.balances(node) for node in cell} == {0}, "the books of all members balance")


def no_gap(network):
    """Also late readings come from the outboxes; then no slot of any home may be listed."""
    cell = network.groups["cell1"]
    meters = cell[0].state("meter/") or []
    check(len(meters) == network.homes_a_cell, "every home has a meter", len(meters))
    gaps = wait_for(lambda: cell[0].state("gap/") == [], 10)
    check(gaps, "no slot is lost: no gap is listed for any home", cell[0].state("gap/"))


# ---- Outages ---------------------------------------------------------------------------------


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


# Names that dashboards rely on, of a cell that has a market and a cloud.
METRICS = ["edgecord_" + name for name in """
    consensus_commit_seconds consensus_view_changes_total consensus_round quorum_reachable
    region_lag_entries ledger_entries_total ledger_bytes outbox_entries outbox_oldest_seconds
    readings_total signature_failures_total clock_offset_seconds market_clear_seconds
    market_imbalance_wh anchors_total""".split()]


def metrics(network):
    """All that a node of a cell exports, once the cell has traded and been anchored."""
    node = network.groups["cell1"][0]

    def page():
        return node.http("GET", "/metrics")[1].decode()
    wait_for(lambda: "market_clear_seconds " in page() and
             re.search(r'anchors_total\{result="done"\} [1-9]', page()), 20)
    text = page()
    shown = re.findall(r"(?m)^# TYPE (\S+) (\S+)$", text)
    lost = [name for name in METRICS if name not in dict(shown)]
    check(not lost, "metrics: every name that dashboards rely on is exported", lost)
    odd = [name for name, _ in shown if not name.startswith(("edgecord_", "process_"))]
    check(not odd, "metrics: no name without our prefix", odd)
    with open(os.path.join(ROOT, "docs/doors.md"), encoding="utf-8") as file:
        rows = file.read()
    silent = [name for name, kind in shown if f"| `{name}` | {kind} |" not in rows]
    check(not silent, "metrics: docs/doors.md describes all that is exported", silent)
    if not shutil.which("promtool"):
        print("skipped promtool is not installed (package prometheus)")
        return
    judge = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                           capture_output=True, check=False)
    check(judge.returncode == 0 and not judge.stderr,
          "metrics: promtool has nothing to say, anchors included", judge.stderr)


def home_off(network):
    """For good: the others go on, its newest slot stays, and that is listed while it is off."""
    node, home = network.groups["cell1"][0], network.homes[3]
    key = Author(home.key_file, network.genesis("cell1")).key

    def newest():
        return {name[6:38]: proof.decode(value, "a meter")[1]
                for name, value in node.state("meter/") or []}

    def gaps():
        code, out, _ = run("query", "--gaps", "--json", "--node", node.door)
        return json.loads(out)["items"] if code == 0 else []

    def listed():
        return [gap for gap in gaps() if gap["home"] == key.hex() and gap["off"]]

    def metric():
        _, body = node.http("GET", "/metrics")
        lines = [line.split() for line in body.decode().splitlines()]
        return next(int(words[1]) for words in lines if words[:1] == ["edgecord_missing_slots"])
    check(not listed(), "a home that is there is not listed as off", gaps())
    home.stop()
    at = wait_for(lambda: (a := newest()) and max(a.values()) > a[key] + 900 and a, 10)
    before, counted = at[key], metric()
    found = wait_for(listed, 20)
    check(found and found[0]["first_s"] == before + 900, "a home is off: the gap is listed, from "
          "the slot after its newest reading on, while it is off", (found, before))
    at = newest()
    check(at[key] == before and max(at.values()) > before + 8 * 900, "a home is off: its newest "
          "slot stays, the others go on", at)
    more = wait_for(lambda: metric() > counted + 2, 10)
    check(more, "a home is off: edgecord_missing_slots counts its slots", (counted, metric()))
    code, out, _ = run("query", "--gaps", "--node", node.door)
    check(code == 0 and any(key.hex() in line and line.endswith(" off") for line in
                            out.splitlines()), "a home is off: `query --gaps` says so", out)
    home.start()
    gone = wait_for(lambda: not listed(), 20)
    check(gone, "a home is back: it is not listed as off any more", gaps())


def too_few_gateways(network):
    """One of four may lie: a device that knows a single one must not start."""
    home = network.homes[0]
    door = network.groups["cell1"][0].door
    for gateways in (door, f"{door},{door}"):
        words = list(home.arguments)
        words[words.index("--gateways") + 1] = gateways
        words[words.index("--key") + 1] = os.path.join(network.folder, "devices/nobody.key")
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
        said = done.stdout + done.stderr
        check(done.returncode not in (0, -6) and "names 1 different ones; 1 of the 4 members may "
              "lie, so give 2" in said, "a device with fewer than f+1 gateways: refused",
              (done.returncode, said))
    check(not os.path.exists(os.path.join(network.folder, "devices/nobody.key")),
          "a device that is refused leaves nothing behind")


def outboxes_empty(network):
    """A device that stops says since when something waits.  First all may catch up: two nodes were
    away together, which may have been both gateways of a home."""
    node = network.groups["cell1"][0]

    def newest():
        return [proof.decode(value, "a meter")[1] for _, value in node.state("meter/") or []]
    wait_for(lambda: (at := newest()) and max(at) - min(at) <= 900, 20)
    for home in network.homes:
        home.stop()
    waiting = [home.waiting_slots() for home in network.homes]
    check(max(waiting) <= 4, "outboxes hold nothing but what two seconds brought", waiting)


# ---- Bad input -------------------------------------------------------------------------------


def node_refuses(node, text, what, *settings, config=None, expected=2):
    """A start that must end at once with a clear answer and its exit code."""
    arguments = ["node", "--config", config or os.path.join(node.folder, "node.yaml")]
    for setting in settings:
        arguments += ["--set", setting]
    try:
        code, _, errors = run(*arguments, timeout=10)
    except subprocess.TimeoutExpired:
        check(False, what, "it runs")
        return
    check(code == expected and text in errors, what, f"code {code}, {errors[-300:]}")


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
    copied_folder(network, node)
    network.wait_ready([node], 20)
    node_refuses(node, "another process", "a second process on one data folder: refused",
                 expected=1)
    check(network.wait_ready(cell + [cloud[0]], 20), "after bad starts all are ready again")


def copied_folder(network, node):
    """The whole folder of a node, copied while it was stopped, and started beside it."""
    copy = node.folder + "-copy"
    shutil.copytree(node.folder, copy)
    node.start()
    wait_for(lambda: node.is_alive() and (node.status() or {}).get("links_up") == 3, 20)
    path = os.path.join(copy, "node.yaml")
    with open(path, encoding="utf-8") as file:
        text = re.sub("(?m)^listen:.*$", "listen: 127.0.0.1:0", file.read())
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub("(?m)^doors:.*\n", "", text))
    node_refuses(node, "two nodes with one key", "a copied node folder: the copy ends and says why",
                 config=path, expected=3)
    others = [other for other in network.groups["cell1"] if other is not node]
    told = [re.search(r"twin peer=.*127\.0\.0\.1:.*127\.0\.0\.1:", other.log())
            for other in others]
    check(len([line for line in told if line]) >= 2 and
          sum(other.status()["twins"] for other in others) >= 2,
          "a copied node folder: the others name the owner and both addresses", told)
    check(node.is_alive() and node.status()["links_up"] == 3,
          "a copied node folder: the one that was first goes on", node.log()[-300:])


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


# ---- Silence ---------------------------------------------------------------------------------


def closes_when_idle(network):
    """Two orders that cross, then silence: no envelope comes that could move the group on."""
    node, genesis = network.groups["cell1"][0], network.genesis("cell1")
    slot_s = community_s(genesis)[0] // SLOT_S * SLOT_S + ORDERS_AHEAD * SLOT_S
    for status, answer in crossing_orders(network, node, slot_s):
        check(status == 200 and answer["result"] == "done", "an order in an idle cell: taken",
              (status, answer))
    slot = b"slot/" + slot_s.to_bytes(8, "big")

    def cleared():
        items = node.state("slot/") or []
        return [proof.decode(value, "a slot") for name, value in items if name == slot]
    summary = wait_for(cleared, 10)
    check(summary and summary[0][3:5] == [700, 1] and 150000 <= summary[0][0] <= 250000,
          "two orders that cross, then silence: the market closes their slot", summary)


def play(folder):
    up_refuses(folder)
    run_itself(folder)
    a_day(os.path.join(folder, "day"))
    up_goes_on(os.path.join(folder, "day"))
    network = Network(os.path.join(folder, "network"), "--cells", 1, "--cloud", 4, "--homes", 4,
                      "--rate", RATE)
    try:
        if not check(network.start(), "a network of eight nodes is ready within 30 s"):
            return
        network.start_homes()
        author = Author(network.homes[0].key_file, network.genesis("cell1"))
        stream = Stream(network.groups["cell1"], author)
        time.sleep(2)
        no_gap(network)
        home_away(network)
        metrics(network)
        home_off(network)
        too_few_gateways(network)
        bad_bytes(network, stream)
        hostile.trial(check, network)
        bad_starts(network)
        outboxes_empty(network)
        stream.stop()
        closes_when_idle(network)
        nothing_lost(network, stream)
        clean = [node.stop() for node in network.nodes()]
        check(not any(clean), "every node ends with exit code 0 at SIGTERM", clean)
    finally:
        network.stop()


checks.play("e2e", play, *sys.argv[1:2])
