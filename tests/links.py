#!/usr/bin/env python3
"""links.py - a real cell whose links are slow, corrupt, half open, or cut.

usage: tests/links.py [FOLDER]
Every link runs through a relay of this program, which can delay, flip bytes, and swallow.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import os
import sys
import time

from network import Author, Checks, Network, Stream, agreement, unfound, wait_for
from relays import relay_all

checks = Checks()
check = checks.check


def level(cell):
    """Whether all stand at one place and every link is up: the next fault is the only one."""
    said = [node.status() for node in cell]
    return all(said) and all(s["ready"] and s["links_up"] == len(cell) - 1 for s in said) and (
        max(s["seq"] for s in said) - min(s["seq"] for s in said) <= 2)


def trial(network, relays, stream, what, rule, delay_max, through=None, seconds=5):
    """Commits by the nodes of `through` under a rule, then healing."""
    cell = network.groups["cell1"]
    stream.nodes = through or cell
    time.sleep(0.3)
    before, begin = stream.count(), time.monotonic()
    relays.rule = rule
    time.sleep(seconds)
    worst, count = stream.worst(begin), stream.count() - before
    check(count > 20 and worst <= delay_max,
          f"{what}: commits go on, none is delayed by more than {delay_max:g} s",
          f"{count} commits, {worst:.2f} s")
    relays.rule = lambda source, target: None
    begin = time.monotonic()
    check(wait_for(lambda: level(cell), 20), f"{what}, healed: all are level within 20 s",
          [(s["seq"], s["ready"], s["links_up"]) if (s := n.status()) else None for n in cell])
    print(f"   {what}: {count} commits, worst {worst:.2f} s, level after "
          f"{time.monotonic() - begin:.2f} s", flush=True)


def play(folder):
    network = Network(os.path.join(folder, "network"), "--cells", 1, "--homes", 1)
    relays, cell = relay_all(network), network.groups["cell1"]
    try:
        if not check(network.start(), "a cell of four behind relays is ready within 30 s"):
            return
        author = Author(os.path.join(folder, "network/devices/cell1-home01.key"),
                        network.genesis("cell1"))
        stream = Stream(cell, author)
        time.sleep(1)
        trial(network, relays, stream, "every link takes 50 ms", lambda a, b: 0.05, 2)
        leader = wait_for(network.leader, 5)
        away = next(n for n in cell if n is not leader).number
        rest = [n for n in cell if n.number != away]
        trial(network, relays, stream, "one follower's bytes are flipped",
              lambda a, b: "flip" if a == away else None, 2, rest)
        trial(network, relays, stream, "a follower is cut off",
              lambda a, b: "swallow" if away in (a, b) else None, 2, rest)
        away = (wait_for(network.leader, 5) or leader).number
        rest = [n for n in cell if n.number != away]
        trial(network, relays, stream, "the leader is cut off",
              lambda a, b, away=away: "swallow" if away in (a, b) else None, 2, rest)
        away2 = (wait_for(network.leader, 5) or leader).number
        rest = [n for n in cell if n.number != away2]
        trial(network, relays, stream, "the leader hears nobody",
              lambda a, b: "swallow" if b == away2 else None, 2, rest)
        relays.rule = lambda a, b: "swallow" if (a > 2) != (b > 2) else None
        time.sleep(3)
        relays.rule = lambda a, b: None
        stream.nodes = cell
        before = stream.count()
        check(wait_for(lambda: stream.count() > before + 20 and level(cell), 20),
              "two and two apart, healed: commits go on and all are level within 20 s")
        stream.stop()
        check(not stream.lost, "every note of the stream was acknowledged", len(stream.lost))
        check(agreement(cell), "all members are at one block with one header")
        missing, _ = unfound(cell, stream)
        check(not missing, "every acknowledged envelope is found in its block", missing)
    finally:
        network.stop()


checks.play("links", play, *sys.argv[1:2])
