#!/usr/bin/env python3
"""clocks.py - a real cell in which the clocks of a node and of homes are a year off.

usage: tests/clocks.py [FOLDER]
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import os
import subprocess
import sys
import time

from network import BUILD, Author, Checks, Home, Network, Stream, agreement, preload, wait_for

YEAR_S = 365 * 86400
SHIM = os.path.join(BUILD, "clock.so")
checks = Checks()
check = checks.check


def off(seconds):
    return {"LD_PRELOAD": SHIM, "CLOCK_OFF_S": str(seconds)}


def start_home(home, seconds):
    """A home whose clock is so much off."""
    with open(home.log_file, "ab") as log:
        home.process = subprocess.Popen(home.arguments, stdout=log, stderr=log,
                                        stdin=subprocess.DEVNULL,
                                        env={**os.environ, **off(seconds)})


def slots_of(node, home, genesis):
    """Begins of the slots of which the cell has a reading by this home."""
    key = Author(home.key_file, genesis).key
    return [int.from_bytes(name[-8:], "big") for name, _ in node.state("reading/") or []
            if name[8:40] == key]


def node_off(network, stream, seconds, how):
    """The clock of one of four, and a leader, is a year off."""
    cell = network.groups["cell1"]
    node = wait_for(network.leader, 5)
    stamp = cell[0].status()["stamp_ns"]
    node.stop()
    old = len(node.log())
    node.environment = off(seconds)
    node.start()
    check(network.wait_ready([node], 20), f"a node whose clock is a year {how}: it comes up")
    begin, before = time.monotonic(), stream.count()
    words = f"{how} the group's" if seconds < 0 else f"{how} of the group's"
    said = wait_for(lambda: "clock-wrong" in node.log()[old:], 20)
    check(said and words in node.log()[old:], "it says that its clock is off, and how",
          node.log()[-300:])
    status = node.status()
    check(status and status["clock_off"] and abs(status["clock_offset_ns"] // 10**9 - seconds) < 60,
          "its status says so, too", status and status["clock_offset_ns"])
    others = [other for other in cell if other is not node]
    check(not any(other.status()["clock_off"] for other in others), "no other node does")
    check(stream.count() - before > 20 and stream.worst(begin) < 2, "commits go on",
          f"{stream.count() - before} commits, {stream.worst(begin):.2f} s")
    passed = (cell[0].status()["stamp_ns"] - stamp) / 1e9
    check(0 < passed < 120, "the group's time is not moved by it", passed)
    node.stop()
    node.environment = {}
    node.start()
    check(network.wait_ready([node], 20), "its clock put right, it comes back")
    check(wait_for(lambda: not node.status()["clock_off"], 10), "and says nothing any more")


def homes_off(network):
    """A home a year ahead is refused and told; put right, it goes on.  One a year behind waits."""
    cell, genesis = network.groups["cell1"], network.genesis("cell1")
    ahead, behind = network.homes[0], network.homes[1]
    start_home(ahead, YEAR_S)
    start_home(behind, -YEAR_S)
    check(wait_for(lambda: "clock is wrong" in behind.log(), 10),
          "a home a year behind says that its clock is wrong", behind.log()[-300:])
    refused = wait_for(lambda: "check the clock" in ahead.log() or "clock is wrong" in ahead.log(),
                       20)
    check(refused, "a home a year ahead is told why its readings are refused", ahead.log()[-300:])
    check(ahead.process.poll() is None and behind.process.poll() is None, "both run on")
    time.sleep(4)
    check(not slots_of(cell[0], ahead, genesis), "no reading of next year is taken")
    for home in (ahead, behind):
        home.stop()
        home.start()
    good = wait_for(lambda: all(slots_of(cell[0], home, genesis) for home in (ahead, behind)), 60)
    check(good, "their clocks put right, their readings are taken", ahead.log()[-300:])
    slots = wait_for(lambda: len(slots_of(cell[0], ahead, genesis)) >= 3 and
                     slots_of(cell[0], ahead, genesis), 30) or []
    now_s = cell[0].status()["time_ns"] // 10**9
    check(slots and all(abs(slot - now_s) < 86400 for slot in slots), "and are of today", slots)


def play(folder):
    preload(SHIM, "clock.c")
    network = Network(os.path.join(folder, "network"), "--cells", 1, "--homes", 3, "--rate", 450)
    network.homes = [Home(network, "cell1", i) for i in range(network.homes_a_cell)]
    try:
        if not check(network.start(), "a cell of four is ready within 30 s"):
            return
        author = Author(network.homes[2].key_file, network.genesis("cell1"))
        stream = Stream(network.groups["cell1"], author)
        time.sleep(1)
        homes_off(network)
        node_off(network, stream, YEAR_S, "ahead")
        node_off(network, stream, -YEAR_S, "behind")
        stream.stop()
        check(not stream.lost, "every note of the stream was acknowledged", len(stream.lost))
        check(agreement(network.groups["cell1"]), "all members are at one block with one header")
    finally:
        network.stop()


checks.play("clocks", play, *sys.argv[1:2])
