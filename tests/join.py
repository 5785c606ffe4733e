#!/usr/bin/env python3
"""join.py - a fifth member joins a running cell under load by a change of era.

usage: tests/join.py
Nothing acknowledged may be lost; it votes in the next era; proofs across the change verify offline
with the genesis alone.  Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import os
import re
import time

from network import Author, Checks, Network, Node, Stream, agreement, run, unfound, wait_for
from receipts import c_verifies, python_verifies

checks = Checks()
check = checks.check


def join(network, stream):
    """Returns: the fifth node, running; None when the era did not change."""
    begin = time.monotonic()
    code, out, errors = run("node", "join", os.path.join(network.folder, "cell1"), "--no-start",
                            timeout=90)
    worst = stream.worst(begin)
    pause = re.search(r"paused for at most (\d+) ms", out)
    if not check(code == 0 and pause, "`edgecord node join` changes the era and says how long "
                 "commits paused", out + errors):
        return None
    checks.figure("pause of commits while a fifth member joins", "printed",
                  f"{pause[1]} ms; worst commit of a client {1000 * worst:.0f} ms")
    again = Network(network.folder).groups["cell1"][4]
    node = Node("cell1", 5, {"folder": again.folder, "peer_port": again.peer_port,
                             "door_port": again.door_port, "http_port": again.http_port,
                             "identity_key": again.key})
    network.groups["cell1"].append(node)
    node.start()
    return node


def receipt_verifies(network, identity, what):
    genesis, path = network.genesis("cell1"), os.path.join(network.folder, "proof")
    code, _, errors = run("receipt", identity.hex(), "-o", path, "--node",
                          network.groups["cell1"][0].door)
    if not check(code == 0, f"receipt of {what}: fetched", errors):
        return
    code, said = c_verifies(path, genesis)
    check(code == 0 and "1 changes since the genesis" in said,
          f"receipt of {what}: valid by the genesis alone, over the change of roster", said)
    check(python_verifies(path, genesis) == 0, f"receipt of {what}: tools/verify_proof.py agrees")


def load_and_join(network):
    cell = network.groups["cell1"]
    if not check(network.start(), "a cell of four is ready within 30 s"):
        return
    stream = Stream(cell[:4], Author(os.path.join(network.folder, "devices/cell1-home01.key"),
                                     network.genesis("cell1")))
    time.sleep(2)
    before = stream.done[-1][0]
    node = join(network, stream)
    if node is None:
        stream.stop()
        return
    votes = wait_for(lambda: (s := node.status()) and s["voter"] and s["ready"] and s["era"] == 2,
                     20)
    check(votes, "the fifth member is ready and votes in era 2", node.log()[-300:])
    time.sleep(2)
    stream.stop()
    check(not stream.lost, "every note of the stream was acknowledged", len(stream.lost))
    missing, asked = unfound(cell, stream)
    check(asked and not missing, "no acknowledged write is lost", f"{missing} of {asked}")
    check(agreement(cell), "all five members are at one block with one header")
    cell[1].stop()
    check(wait_for(lambda: node.submit(stream.author.note())[0] == 200, 10),
          "with one of the old four away, the new one carries the quorum of four")
    cell[1].start()
    network.wait_ready([cell[1]])
    receipt_verifies(network, stream.done[-1][0], "a note after the change")
    code, _, errors = run("receipt", before.hex(), "-o", os.path.join(network.folder, "early"),
                          "--node", cell[0].door)
    check(code == 0 and c_verifies(os.path.join(network.folder, "early"),
                                   network.genesis("cell1"))[0] == 0,
          "receipt of a note before the change: valid", errors)


def play(folder):
    network = Network(os.path.join(folder, "network"), "--cells", 1, "--homes", 1)
    try:
        load_and_join(network)
    finally:
        network.stop()


checks.play("join", play)
