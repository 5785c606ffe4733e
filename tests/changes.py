#!/usr/bin/env python3
"""changes.py - a member of a real cell loses its disk; then members join, leave, are replaced and
change their keys, by protocol, under load, while another one is dead.

usage: tests/changes.py [--pauses] [--folder FOLDER] [PROTOCOL...]     default: all six
An empty disk is refused a vote and comes back as a learner.  Nothing acknowledged may be lost;
receipts lead over all changes from the genesis, by both verifiers.
--pauses: instead, how long a change pauses commits behind relays of 40 ms, where somebody leads
(paxos, where nobody does, is shown).  A pause is the longest time between two answers while the era
changed; the goal is a round trip more than a commit takes, which is measured before it.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import argparse
import json
import os
import shutil
import signal
import subprocess
import time

from documented import wrong
from network import (EDGECORD, Author, Checks, Network, Node, Stream, agreement, first_port, level,
                     run, unfound, wait_for)
from receipts import leads
from relays import relay_all

RATE, WORKERS = 60, 6
DELAY_S = 0.04  # of a link, one way
FAST = {"ghostdag": ("final_depth=16",)}
MEMBERS = {"raft": 3, "multipaxos": 3, "paxos": 3, "pbft": 4, "honeybadger": 4, "ghostdag": 4}
NOBODY_LIES = ("raft", "multipaxos", "paxos")
checks = Checks()
check = checks.check


class Cell:
    """A cell under load whose members change."""

    def __init__(self, network, protocol):
        self.network, self.protocol = network, protocol
        self.nodes, self.number = list(network.groups["cell1"]), 0
        author = Author(os.path.join(network.folder, "devices/cell1-home01.key"),
                        network.genesis("cell1"))
        self.stream = Stream(self.nodes, author, RATE, WORKERS)

    def goes_on(self, more=RATE, seconds=20):
        wanted = self.stream.count() + more
        return wait_for(lambda: self.stream.count() >= wanted, seconds)

    def said(self, node, key):
        status = node.status()
        return status[key] if status else None

    def era(self):
        return max(self.said(node, "era") or 0 for node in self.nodes if node.is_alive())

    def told(self, what, code, out, errors, document):
        """Whether a command brought a change about, as it says.  Returns: its object."""
        bad = code or wrong(document, out)
        return None if not check(not bad, f"{self.protocol}: `edgecord node {what}`",
                                 (code, bad, errors[-300:])) else json.loads(out)

    def votes(self, node, seconds=30):
        """Whether it comes to have a vote, in the era of the others."""
        return wait_for(lambda: (s := node.status()) and s["ready"] and s["voter"] and
                        s["era"] == self.era(), seconds)

    def join(self, *options):
        """Returns: the new node, running; None: it did not come."""
        path, group = self.network.folder, os.path.join(self.network.folder, "cell1")
        self.number += 1
        out, errors = (os.path.join(path, f"joined{self.number}.{end}") for end in ("out", "log"))
        with open(out, "wb") as out_file, open(errors, "wb") as error_file:
            child = subprocess.Popen([EDGECORD, "node", "join", group, *options, "--json"],
                                     stdout=out_file, stderr=error_file, stdin=subprocess.DEVNULL)

        def text(name):
            with open(name, encoding="utf-8", errors="replace") as file:
                return file.read()
        wait_for(lambda: text(out) or child.poll() is not None, 90)
        what = "join" + (" --replace" if options else "")
        said = self.told(what, child.poll(), text(out), text(errors), "node join")
        if said is None:
            child.kill()
            return None
        folder = os.path.dirname(said["config"])
        with open(os.path.join(path, "network.json"), encoding="utf-8") as file:
            about = next(node for group in json.load(file)["groups"] for node in group["nodes"]
                         if node["folder"] == folder)
        node = Node("cell1", int(folder.rsplit("node", 1)[1]), about)
        os.symlink(errors, os.path.join(folder, "log"))
        node.process = child
        self.network.groups["cell1"].append(node)
        self.nodes.append(node)
        return node

    def leave(self, node):
        """It is no member any more, and its process ends."""
        seatless = wait_for(lambda: not node.is_alive() or
                            self.said(node, "member") is None and node.status(), 20)
        check(seatless, f"{self.protocol}: {node.name} has no seat any more", node.status())
        node.stop()
        self.nodes.remove(node)
        self.network.groups["cell1"].remove(node)
        self.stream.nodes = list(self.nodes)

    def seat(self, verb, node):
        code, out, errors = run("node", verb, node.folder, "--json", timeout=90)
        return self.told(verb, code, out, errors, f"node {verb}")


def proven(cell, identity, what, changes):
    """By both verifiers; the word of members where none may lie."""
    leads(lambda good, text, detail="": check(good, f"{cell.protocol}: {text}", detail),
          cell.network, identity, what, changes, 4 if cell.protocol in NOBODY_LIES else 0)


def key_file(node, name="era.key"):
    with open(os.path.join(node.folder, name), encoding="ascii") as file:
        return file.read()


def empty_disk(cell):
    """A member forgets what it promised.  Returns: whether it came back."""
    node, others = cell.nodes[-1], cell.nodes[:-1]
    node.kill()
    shutil.rmtree(os.path.join(node.folder, "data"))
    said = len(node.log())
    node.start()
    code = wait_for(lambda: node.process.poll(), 10)
    check(code and "--rejoin" in node.log()[said:], f"{cell.protocol}: with an empty disk a member "
          "does not start with its old key", code)
    node.process = None
    if cell.protocol in NOBODY_LIES:
        os.unlink(os.path.join(node.folder, "era.key.used"))  # as of an image of before
        node.start()
        follows = wait_for(lambda: level(node, others) and node.status(), 30)
        check("with an empty disk and a key that may have voted: refused" in node.log()[said:] and
              follows and not follows["voter"], f"{cell.protocol}: nor has it a vote where the key's "
              "mark is gone, too: it follows the load", node.status())
        node.kill()
        shutil.rmtree(os.path.join(node.folder, "data"))
    era = cell.era()
    node.start("--rejoin")
    return check(cell.votes(node) and cell.era() == era + 1,
                 f"{cell.protocol}: --rejoin: a learner, that votes from the next era", node.status())


def four_changes(cell):
    """Add, rotate, replace who is dead, retire while another is killed and comes back."""
    first, second, third = cell.nodes[0], cell.nodes[1], cell.nodes[2]
    fourth = cell.join()
    if not fourth or not check(cell.votes(fourth), f"{cell.protocol}: the new member votes",
                               fourth.status()):
        return False
    cell.stream.nodes = list(cell.nodes)
    before = key_file(second)
    if not cell.seat("rotate", second):
        return False
    check(cell.votes(second) and key_file(second, "next.key") != before,
          f"{cell.protocol}: it votes with its new key", second.status())
    third.kill()
    fifth = cell.join("--replace", third.folder)
    if not fifth or not check(cell.votes(fifth), f"{cell.protocol}: who replaces the dead votes",
                              fifth.status()):
        return False
    cell.leave(third)
    victim = fourth
    victim.process.send_signal(signal.SIGKILL)
    victim.kill()
    if not cell.seat("retire", first):
        return False
    cell.leave(first)
    check(cell.goes_on(), f"{cell.protocol}: commits go on without the one who left and the dead")
    victim.start()
    back = wait_for(lambda: level(victim, [n for n in cell.nodes if n is not victim]), 30)
    check(back and cell.votes(victim), f"{cell.protocol}: who was dead over the change votes again",
          victim.status())
    return True


def changes(folder, protocol):
    members = MEMBERS[protocol]
    options = [word for pair in FAST.get(protocol, ()) for word in ("--option", pair)]
    network = Network(os.path.join(folder, protocol), "--cells", 1, "--cloud", 0, "--homes", 1,
                      "--members", members, "--protocol", protocol, *options)
    try:
        if not check(network.start(), f"{protocol}: a cell of {members} is ready within 30 s"):
            return
        cell = Cell(network, protocol)
        if not check(cell.goes_on(), f"{protocol}: it is under load"):
            return
        early = cell.stream.done[0][0]
        done = empty_disk(cell) and four_changes(cell)
        done = done and check(cell.goes_on(), f"{protocol}: the load goes on")
        cell.stream.stop()
        if not done:
            return
        check(not cell.stream.lost, f"{protocol}: every note was acknowledged", len(cell.stream.lost))
        check(agreement(cell.nodes, 30), f"{protocol}: all members are at one block with one header",
              [n.status() and (n.status()["seq"], n.status()["era"]) for n in cell.nodes])
        missing, asked = unfound(cell.nodes, cell.stream)
        check(asked and not missing, f"{protocol}: no acknowledged write is lost",
              f"{missing} of {asked}")
        eras = cell.era() - 1
        proven(cell, cell.stream.done[-1][0], "the last note", eras)
        proven(cell, early, "the first note", eras)
    finally:
        network.stop()


# ---- Pauses --------------------------------------------------------------------------------------


def gap(stream, begin, end):
    """The longest time between two answers."""
    with stream.lock:
        ends = sorted(at for _, at in stream.spans if begin <= at <= end)
    return max((b - a for a, b in zip(ends, ends[1:])), default=end - begin)


def commit(stream, begin, end):
    """What a commit takes: the median."""
    with stream.lock:
        spans = sorted(at - since for since, at in stream.spans if begin <= at <= end)
    return spans[len(spans) // 2] if spans else 0


def route(cell, relays, port):
    """Gives whoever joins next, by what network.json says, relays to all members."""
    path = os.path.join(cell.network.folder, "network.json")
    with open(path, encoding="utf-8") as file:
        about = json.load(file)
    group = next(group for group in about["groups"] if group["name"] == "cell1")
    for i, entry in enumerate(group["nodes"]):
        target = next(node for node in cell.nodes if node.folder == entry["folder"])
        relays.open(port + i, "newcomer", target.number, target.peer_port)
        entry["peer_port"] = port + i
    with open(path, "w", encoding="utf-8") as file:
        json.dump(about, file)


def replace(cell, relays, port, leaves):
    route(cell, relays, port)
    gateways = list(cell.stream.nodes)
    fresh = cell.join("--replace", leaves.folder)
    if fresh:
        cell.leave(leaves)
        cell.stream.nodes = gateways
    return fresh


def add(cell, relays, port):
    route(cell, relays, port)
    return cell.join()


def pause(cell, what, act):
    """One change, its pause beside the goal.  Returns: whether it came about."""
    protocol, members = cell.protocol, cell.said(cell.stream.nodes[0], "members")
    wait_for(lambda: False, 1)
    begin = time.monotonic()
    wait_for(lambda: False, 4)
    middle = time.monotonic()
    if not act():
        return False
    cell.goes_on()
    end = time.monotonic()
    takes, longest = commit(cell.stream, begin, middle), gap(cell.stream, middle, end)
    goal, leads = takes + 2 * DELAY_S, protocol != "paxos"
    checks.figure(f"{protocol}, n = {members}, links of {1000 * DELAY_S:.0f} ms: pause to {what}",
                  f"at most {1000 * goal:.0f} ms (a commit and a round trip)" if leads else "shown",
                  f"{1000 * longest:.0f} ms; a commit {1000 * takes:.0f} ms, longest gap before "
                  f"{1000 * gap(cell.stream, begin, middle):.0f} ms", longest <= goal or not leads)
    return True


def pauses(folder, protocol):
    members = MEMBERS[protocol]
    network = Network(os.path.join(folder, f"pause-{protocol}"), "--cells", 1, "--cloud", 0,
                      "--homes", 1, "--members", members + 1, "--protocol", protocol)
    relays, nodes = relay_all(network), network.groups["cell1"]
    relays.rule = lambda source, target: DELAY_S
    try:
        if not check(network.start(60), f"{protocol}: a cell behind relays is ready within 60 s"):
            return
        cell, port = Cell(network, protocol), first_port() + 80
        wait_for(lambda: cell.stream.count() >= RATE, 30)
        leader = nodes[0] if protocol == "paxos" else wait_for(network.leader, 10)
        cell.stream.nodes = [leader]
        others = [node for node in nodes if node is not leader]
        done = (pause(cell, "rotate a key", lambda: cell.seat("rotate", others[0])) and
                pause(cell, "retire a member", lambda: cell.seat("retire", others[-1])))
        cell.nodes.remove(others[-1])
        if done and protocol != "paxos":
            done = (pause(cell, "add a member", lambda: add(cell, relays, port)) and
                    pause(cell, "replace a member",
                          lambda: replace(cell, relays, port + 10, others[0])))
        cell.stream.stop()
        check(not cell.stream.lost, f"{protocol}: every note was acknowledged", len(cell.stream.lost))
    finally:
        network.stop()
        relays.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pauses", action="store_true")
    parser.add_argument("--folder")
    parser.add_argument("protocols", nargs="*", default=list(MEMBERS), metavar="PROTOCOL")
    wanted = parser.parse_args()
    if set(wanted.protocols) - set(MEMBERS):
        parser.error(f"protocols are {', '.join(MEMBERS)}")

    def all_of(folder):
        for protocol in wanted.protocols:
            if not wanted.pauses:
                changes(folder, protocol)
            elif protocol not in ("honeybadger", "ghostdag"):
                pauses(folder, protocol)
    checks.play("changes", all_of, wanted.folder)


main()
