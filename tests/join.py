#!/usr/bin/env python3
"""join.py - a fifth member joins a running cell under load by a change of era; then the cloud is
sent what it must refuse; then every owner changes his era key; then a member goes and comes back as
programs are told of it.

usage: tests/join.py
Nothing acknowledged may be lost; it votes in the next era; proofs across the change verify offline
with the genesis alone; the cloud's four refusals have four reasons.  When the reign of the old keys
is over no file holds one, and what they certified stays proven.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import json
import os
import shutil
import subprocess
import time

from documented import not_events, wrong
from eras import Keys, Voters
from network import (EDGECORD, Author, Checks, Network, Node, Stream, agreement, proof, run,
                     unfound, wait_for)
from receipts import c_verifies, python_verifies
from verify_proof_test import encode

RATE, WORKERS, RATE_MIN = 300, 12, 200  # notes a second
checks = Checks()
check = checks.check


class Spoken:
    """A command that goes on running, and what it prints."""

    def __init__(self, network, *arguments):
        self.path = os.path.join(network.folder, f"said-{arguments[1]}")
        with open(self.path + ".out", "wb") as out, open(self.path + ".err", "wb") as errors:
            self.process = subprocess.Popen([EDGECORD, *arguments], stdout=out, stderr=errors,
                                            stdin=subprocess.DEVNULL)

    def text(self, end):
        with open(self.path + end, encoding="utf-8", errors="replace") as file:
            return file.read()

    def out(self):
        return self.text(".out")

    def errors(self):
        return self.text(".err")


def loaded(stream):
    """Waits until the load is there.  Returns: notes a second over two seconds."""
    begin, before = time.monotonic(), stream.count()
    time.sleep(2)
    return (stream.count() - before) / (time.monotonic() - begin)


def join(network, stream):
    """`edgecord node join` as a person uses it: it becomes the node.  Returns: the fifth node,
    running; None when the era did not change."""
    begin = time.monotonic()
    child = Spoken(network, "node", "join", os.path.join(network.folder, "cell1"), "--json")
    wait_for(lambda: child.out() or child.process.poll() is not None, 90)
    bad = wrong("node join", child.out())
    told = None if bad else json.loads(child.out())
    pause = told and told["era"] == 2 and told["members"] == 5 and told["pause_ms"]
    worst = stream.worst(begin)
    if not check(pause and child.process.poll() is None, "`edgecord node join` changes the era, "
                 "says how long commits paused, and runs the node", bad or child.errors()[-500:]):
        child.process.kill()
        return None
    check(not bad, "with --json it prints one object with the keys of docs/commands.md", bad)
    checks.figure(f"pause of commits while a fifth member joins, {RATE} notes a second offered",
                  "printed", f"{pause:.0f} ms; worst commit of a client {1000 * worst:.0f} ms")
    again = Network(network.folder).groups["cell1"][4]
    node = Node("cell1", 5, {"folder": again.folder, "peer_port": again.peer_port,
                             "door_port": again.door_port, "http_port": again.http_port,
                             "identity_key": again.key})
    os.symlink(child.path + ".err", os.path.join(node.folder, "log"))
    node.process = child.process
    network.groups["cell1"].append(node)
    return node


def receipt_verifies(network, identity, what, changes=1):
    genesis, path = network.genesis("cell1"), os.path.join(network.folder, "proof")
    code, _, errors = run("receipt", identity.hex(), "-o", path, "--node",
                          network.groups["cell1"][0].door)
    if not check(code == 0, f"receipt of {what}: fetched", errors):
        return
    code, said = c_verifies(path, genesis)
    check(code == 0 and f" {changes} change" in said,
          f"receipt of {what}: valid by the genesis alone, changes of roster: {changes}", said)
    check(python_verifies(path, genesis) == 0, f"receipt of {what}: tools/verify_proof.py agrees")


# ---- What the cloud refuses -----------------------------------------------------------------------


def receipt_of(network, identity, *options):
    """The items of its proof, or None."""
    path = os.path.join(network.folder, "item")
    code, _, errors = run("receipt", identity.hex(), "-o", path, "--node",
                          network.groups["cell1"][0].door, *options)
    if not check(code == 0, "a receipt for the cloud's trial: fetched", errors):
        return None
    with open(path, "rb") as file:
        return proof.decode(file.read(), "a proof")


def certified(item):
    """(header, certificate) that a proof stands on."""
    cover = item[3]
    return (item[2], cover[0]) if len(cover) == 1 else (cover[1], cover[0])


def era_keys(network):
    """Those who sign headers of the cell, by the keys in their folders: {era key: author}."""
    found = {}
    for node in network.groups["cell1"]:
        for name in os.listdir(node.folder):
            if name.endswith(".key"):
                author = Author(os.path.join(node.folder, name), network.genesis("cell1"))
                found[author.key] = author
    return found


def signed_by_all(network, roster, header):
    """A certificate by the keys of the members themselves, as if a quorum were at one."""
    keys, text = era_keys(network), b"edgecord/certificate/1" + proof.sha256(header)
    members = proof.Roster(roster).members
    return [[place, keys[member[1]].sign(text)] for place, member in enumerate(members)]


def another_history(header):
    """The header after it of a cell that had another past."""
    items = proof.decode(header, "a header")
    items[3], items[4], items[11] = items[3] + 1, items[4] + 1, items[11] + 1
    items[5], items[6] = proof.sha256(b"another block"), proof.sha256(b"another past")
    return encode(items)


def cloud_refuses(network, early, identity):
    """Anchors that a member may submit, each wrong in one way.  In: early: a proof of the first
    era; identity: of a note of the second."""
    cloud, cell = network.groups["cloud"], network.groups["cell1"]

    def anchored():
        items = cloud[0].state("anchor/cell1")
        return proof.decode(items[0][1], "an anchor")[0] if items else 0

    rest = {"at": 0, "since": time.monotonic()} # blocks of ticks follow the load for a while

    def level():
        status, now = cell[0].status(), time.monotonic()
        if status["seq"] != rest["at"]:
            rest.update(at=status["seq"], since=now)
        return rest["at"] == status["certified"] == anchored() and now - rest["since"] > 2
    if not check(wait_for(level, 30), "the cloud anchors the newest header of the era after"):
        return
    late = receipt_of(network, identity, "--cloud", os.path.join(network.folder, "cloud"))
    if late is None:
        return
    roster, last = late[4][-1][2], late[5][1]
    newest, certificate = certified(late)
    forked = another_history(last)
    quorum = proof.Roster(roster).quorum
    author = Author(os.path.join(cell[0].folder, "identity.key"), network.genesis("cloud"))
    cases = {"q-1 signatures": (newest, certificate[:quorum - 1], f"a quorum is {quorum}"),
             "a retired roster": (*certified(early), "signed by a retired roster, of era 1"),
             "a history that does not extend the last": (
                 forked, signed_by_all(network, roster, forked), "does not extend"),
             "a repeat": (last, signed_by_all(network, roster, last), "a repeat: block")}
    for what, (header, signers, why) in cases.items():
        payload = encode([5, "cell1", [], header, signers, [], []])
        status, answer = cloud[0].submit(author.envelope(payload))
        check(status == 200 and answer["result"] == "rule" and why in answer.get("why", ""),
              f"the cloud refuses {what}, with its reason", (status, answer))
    at = anchored()
    check(cell[1].submit(Author(os.path.join(network.folder, "devices/cell1-home01.key"),
                                network.genesis("cell1"), 8).note())[0] == 200 and
          wait_for(lambda: anchored() > at, 20), "after that the cell's next header is anchored")


# ---- New era keys -------------------------------------------------------------------------------


def era_is(nodes, era):
    """Waits until all of them vote in it."""
    return wait_for(lambda: all((s := node.status()) and s["era"] == era and s["voter"] and s["ready"]
                                for node in nodes), 20)


def change_keys(network, author, first):
    """Two changes of era, quickly: the first brings new keys while one member is down, the second
    keeps them and so ends the reign of the old.  In: first: a note of the first era."""
    cell, genesis = network.groups["cell1"], network.genesis("cell1")
    voters, all_keys = Voters(cell, genesis), [Keys(node, genesis) for node in cell]
    up, away = cell[:2] + cell[3:], cell[2]
    for node in cell:
        node.stop()
    new = {keys.identity: keys.next_make() for keys in all_keys}
    for node in up:
        node.start()
    if not check(network.wait_ready(up), "with a next.key each, four of five are ready"):
        return
    check(voters.vote(up[0], voters.next_roster(up[0], new)) and era_is(up, 3),
          "a roster with new era keys is voted in")
    check(all(keys.fault(new[keys.identity]) for keys in all_keys),
          "the old keys still answer laggards")
    away.start()
    check(era_is(cell, 3), "who was down over the change finds it, and votes with its new key")
    check(voters.vote(up[0], voters.next_roster(up[0])) and era_is(cell, 4),
          "the next era keeps the keys")
    faults = wait_for(lambda: not any(keys.fault(new[keys.identity]) for keys in all_keys), 10)
    check(faults, "era.key is the new key, no file of any node holds an old one",
          [keys.fault(new[keys.identity]) for keys in all_keys])
    for node in cell:
        node.kill()
        node.start()
    check(network.wait_ready(cell) and era_is(cell, 4), "killed and started, all five vote again")
    late = author.note()

    def taken():
        status, answer = cell[4].submit(late)
        return answer if status == 200 else None
    answer = wait_for(taken, 10)
    check(answer and wait_for(lambda: (cell[0].status() or {}).get("seq", 0) >= answer["seq"], 10),
          "and take a note")
    receipt_verifies(network, late[0], "a note of the fourth era", 3)
    receipt_verifies(network, first, "a note of the first", 3)
    kept = os.path.join(network.folder, "early")
    check(c_verifies(kept, genesis)[0] == 0 and python_verifies(kept, genesis) == 0,
          "a proof that was made before, by keys that are destroyed now, is still valid")


# ---- Back again, in JSON --------------------------------------------------------------------------


def come_back(network, node):
    """A member without its data comes back by each command in turn, with --json."""
    others = [other for other in network.groups["cell1"] if other is not node]

    def voted_in(what, bad, text):
        """Whether the object says an era that the others are in."""
        told = {} if bad else json.loads(text)
        check(not bad and wait_for(lambda: told.get("era") == others[0].status()["era"], 10),
              f"{what} --json: one object as documented, with the new era", bad or text)

    def renew(what):
        node.kill()
        shutil.rmtree(os.path.join(node.folder, "data"))
        code, out, errors = run("node", "rejoin", node.folder, "--no-start", "--json")
        bad = wrong("node rejoin --no-start", out)
        key = None if bad else json.loads(out)["era_key"]
        return check(code == 0 and not bad and key in
                     {author.hex() for author in era_keys(network)},
                     f"{what} --no-start --json: one object as documented, with the key that the "
                     "node has", (code, bad, errors))
    if not renew("`edgecord node rejoin`"):
        return
    node.start()
    wait_for(node.status, 20)
    code, out, errors = run("node", "rejoin", node.folder, "--json", timeout=90)
    check(code == 0 and not errors, "`edgecord node rejoin` of a learner: exit code 0", errors)
    voted_in("`edgecord node rejoin` of a learner", wrong("node rejoin", out), out)
    node.kill()
    shutil.rmtree(os.path.join(node.folder, "data"))
    child = Spoken(network, "node", "--rejoin", "--json", "--config",
                   os.path.join(node.folder, "node.yaml"))
    node.process = child.process
    wait_for(lambda: child.out() or child.process.poll() is not None, 60)
    voted_in("`edgecord node --rejoin`", wrong("node rejoin", child.out()), child.out())
    node.stop()
    check(not wrong("node rejoin", child.out()), "nor does it print more until it ends",
          child.out())
    check(not not_events(child.errors()) and '"event":"rejoin","era_key":"' in child.errors(),
          "all else that it says is an event a line, also its new key",
          not_events(child.errors()))


# ---- The whole ----------------------------------------------------------------------------------


def load_and_join(network):
    cell = network.groups["cell1"]
    if not check(network.start(), "a cell of four and a cloud are ready within 30 s"):
        return
    stream = Stream(cell[:4], Author(os.path.join(network.folder, "devices/cell1-home01.key"),
                                     network.genesis("cell1")), RATE, WORKERS)
    rate = loaded(stream)
    check(rate >= RATE_MIN, f"the cell is under load: {RATE_MIN} notes a second and more",
          f"{rate:.0f} a second")
    before = stream.done[-1][0]
    early = receipt_of(network, stream.done[0][0])
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
    cloud_refuses(network, early, stream.done[-1][0])
    code, _, errors = run("receipt", before.hex(), "-o", os.path.join(network.folder, "early"),
                          "--node", cell[0].door)
    check(code == 0 and c_verifies(os.path.join(network.folder, "early"),
                                   network.genesis("cell1"))[0] == 0,
          "receipt of a note before the change: valid", errors)
    change_keys(network, stream.author, before)
    come_back(network, cell[2])


def play(folder):
    network = Network(os.path.join(folder, "network"), "--cells", 1, "--cloud", 4, "--homes", 1)
    try:
        load_and_join(network)
    finally:
        network.stop()


checks.play("join", play)
