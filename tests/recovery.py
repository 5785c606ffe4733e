#!/usr/bin/env python3
"""recovery.py - how soon a group goes on after its leader's death, and how soon a member that comes
back has caught up, by protocol.

usage: tests/recovery.py [--kills N] [--folder FOLDER] [PROTOCOL...]     default: 20 kills, all four
Under a steady stream whoever leads is killed (kill -9), again and again; where nobody leads, each
member in turn.  A kill after which nobody else had to lead met a leader that had given way just
before: it is not counted.  The pause is the longest that a client waited for an answer, from when it asked: it
was under way at the kill, or came after it.  Killed members come back under the same load; in the end
one that was away for longer.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import argparse
import math
import os
import time

from network import Author, Checks, Network, Stream, agreement, level, unfound, wait_for

RATE, WORKERS = 60, 6  # notes a second, and connections
LEVEL_S = 20
AWAY_S = 10
MS = 10**6
# Members, options, and the largest wait, in ms, that is drawn before somebody else is tried.
GROUPS = {
    "raft": (3, {"election_min_ns": 300 * MS, "election_max_ns": 600 * MS}, 600),
    "multipaxos": (3, {"timeout_ns": 500 * MS}, 1000),
    "paxos": (3, {"timeout_ns": 500 * MS}, 500),
    "pbft": (4, {"timeout_ns": 500 * MS}, 500),
}
checks = Checks()
check = checks.check


def percentile(values, share):
    """The smallest value that so many of them do not exceed: (95, 100)."""
    part, whole = share
    return sorted(values)[-(-len(values) * part // whole) - 1]


class Trial:
    """One group under load."""

    def __init__(self, network, protocol):
        self.cell, self.protocol = network.groups["cell1"], protocol
        self.network, self.turn = network, 0
        self.pauses, self.returns = [], []
        author = Author(os.path.join(network.folder, "devices/cell1-home01.key"),
                        network.genesis("cell1"))
        self.stream = Stream(self.cell, author, RATE, WORKERS)

    def victim(self):
        """Who leads, when all members are level; where nobody does, the next in turn."""
        def found():
            said = [node.status() for node in self.cell]
            if not all(s and s["ready"] and s["voter"] for s in said):
                return None
            if all(s["leaderless"] for s in said):
                return self.cell[self.turn % len(self.cell)]
            return self.network.leader()
        self.turn += 1
        return wait_for(found, LEVEL_S)

    def goes_on(self, since):
        """Waits until whatever was under way has an end, and as much again was done.  Returns: the
        longest that a client waited; None: it does not."""
        stream, before = self.stream, self.stream.count()

        def flows():
            with stream.lock:
                oldest = min(stream.pending.values(), default=time.monotonic())
            return stream.count() >= before + 3 * WORKERS and oldest > since
        return stream.worst(since) if wait_for(flows, LEVEL_S, 0.01) else None

    def back(self, node):
        """Starts it.  Returns: after how many seconds it was level with the others."""
        others, begin = [other for other in self.cell if other is not node], time.monotonic()
        node.start()
        if not wait_for(lambda: level(node, others), LEVEL_S, 0.02):
            return None
        return time.monotonic() - begin

    def kill(self):
        """One kill and return.  Returns: whether all went well; a kill of who led counts."""
        node = self.victim()
        if not check(node, f"{self.protocol}: the members are ready and agree who leads"):
            return False
        said, killed = node.status(), time.monotonic()
        if not check(said, f"{self.protocol}: {node.name} answers"):
            return False
        node.kill()
        pause = self.goes_on(killed)
        if not check(pause is not None, f"{self.protocol}: commits go on without {node.name}",
                     node.name):
            return False
        views = max((s["view"] for n in self.cell if n.is_alive() and (s := n.status())),
                    default=said["view"]) - said["view"]
        counts = said["leaderless"] or views > 0
        if counts:
            self.pauses.append(pause)
        seconds = self.back(node)
        print(f"   {node.name} killed: {1000 * pause:.0f} ms, {views} views on"
              f"{'' if counts else ': it led no more'}", flush=True)
        self.returns.append(math.inf if seconds is None else seconds)
        return check(seconds is not None, f"{self.protocol}: {node.name} is back", node.log()[-300:])

    def away(self):
        """A member is down for long, under load."""
        node, before = self.cell[-1], self.stream.count()
        node.kill()
        time.sleep(AWAY_S)
        missed = self.stream.count() - before
        seconds = self.back(node)
        checks.figure(f"{self.protocol}, n = {len(self.cell)}: a member that was away for {AWAY_S} s "
                      "under load has caught up", f"at most {LEVEL_S} s",
                      "not at all" if seconds is None else f"{seconds:.2f} s ({missed} notes)",
                      seconds is not None and missed > 0)


def figures(trial, kills, longest_ms):
    what = f"{trial.protocol}, n = {len(trial.cell)}"
    if check(len(trial.pauses) == kills, f"{what}: {kills} kills", len(trial.pauses)):
        p95 = 1000 * percentile(trial.pauses, (95, 100))
        checks.figure(f"{what}: p95 of the pause at {kills} kills of the leader",
                      f"at most {2 * longest_ms} ms (2 x its largest time-out)",
                      f"{p95:.0f} ms; p50 {1000 * percentile(trial.pauses, (50, 100)):.0f}, "
                      f"worst {1000 * max(trial.pauses):.0f} ms", p95 <= 2 * longest_ms)
        worst = max(trial.returns)
        checks.figure(f"{what}: the killed has caught up, the slowest of {len(trial.returns)}",
                      f"at most {LEVEL_S} s", f"{worst:.2f} s", worst <= LEVEL_S)


def play(folder, protocol, kills):
    members, options, longest_ms = GROUPS[protocol]
    pairs = [word for name, value in options.items() for word in ("--option", f"{name}={value}")]
    network = Network(os.path.join(folder, protocol), "--cells", 1, "--cloud", 0, "--homes", 1,
                      "--members", members, "--protocol", protocol, *pairs)
    try:
        if not check(network.start(), f"{protocol}: a cell of {members} is ready within 30 s"):
            return
        trial = Trial(network, protocol)
        wait_for(lambda: trial.stream.count() >= RATE, LEVEL_S)
        good, tries = True, 0
        while good and len(trial.pauses) < kills and tries < 2 * kills:
            good, tries = trial.kill(), tries + 1
        if good:
            trial.away()
        trial.stream.stop()
        figures(trial, kills, longest_ms)
        check(not trial.stream.lost, f"{protocol}: every note of the stream was acknowledged",
              len(trial.stream.lost))
        check(agreement(trial.cell), f"{protocol}: all members are at one block with one header")
        missing, asked = unfound(trial.cell, trial.stream)
        check(asked and not missing, f"{protocol}: no acknowledged write is lost",
              f"{missing} of {asked}")
    finally:
        network.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--folder")
    parser.add_argument("protocols", nargs="*", default=list(GROUPS), metavar="PROTOCOL")
    wanted = parser.parse_args()
    unknown = set(wanted.protocols) - set(GROUPS)
    if unknown or wanted.kills < 1:
        parser.error(f"protocols are {', '.join(GROUPS)}, of which {unknown} is none; a kill at least")

    def all_of(folder):
        for protocol in wanted.protocols:
            play(folder, protocol, wanted.kills)
    checks.play("recovery", all_of, wanted.folder)


main()
