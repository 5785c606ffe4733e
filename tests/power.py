#!/usr/bin/env python3
"""power.py - power cuts: a cell under load on disks that forget what was not synced.

usage: tests/power.py [--cuts N] [--seed S] [--kind KIND] [--nosync] [--folder FOLDER]

Each cut ends one node, or all four at once, at a random effect on its disk (tests/power/shim.c);
tests/power/restore.py leaves what a power loss leaves; then the nodes start again.  Judged after
each: all start, commits go on, all members agree, every envelope acknowledged since the last cut is
there, and over all lives nobody said two things where one is a promise: PRE-PREPARE, PREPARE,
COMMIT, CHECKPOINT, VIEW-CHANGE, NEW-VIEW, header signatures, read from what each node said to its
peers (tests/promises.py).  After a cut while era keys change every node votes with the key that the
roster names, and no file holds one that it does not name any more.  At the end every envelope ever
acknowledged is looked for again.
A cut that missed what it was aimed at is judged, too, but made again: only those that hit count.
--nosync: fdatasync does nothing; then it must be noticed, by a missing envelope, by two things said
or by a node that refuses damage.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: as it must be."""
import argparse
import os
import random
import signal
import subprocess
import sys
import time

from network import (BUILD, ROOT, Author, Checks, Network, Stream, agreement, preload, run,
                     wait_for)
from eras import Keys, Voters
from promises import Memory, Promise, wanted_state

SHIM = os.path.join(BUILD, "power_shim.so")
RESTORE = os.path.join(ROOT, "tests/power/restore.py")
# What is under way, and at which effect of the victim the cut comes: at least, at most.
EFFECTS = {
    "first start, all at once": (1, 60),             # keys' marks, genesis, log, store
    "view change, all at once": (1, 20),             # VIEW-CHANGE, NEW-VIEW, its adoption
    "rejoin, one alone": (1, 80),                    # keys, data aside, all of a first start
    "checkpoints, all at once": (600, 1200),
    "state brought, one alone": (15, 65),            # a snapshot of others
    "view change, one alone": (1, 20),
    "key change, all at once": (1, 250),             # two changes of era; mostly RETIREMENT
    "load, one alone": (1, 200),
    "start, all at once": (1, 40),
}
ADOPTION = (3, 7) # of a view, mostly
RETIREMENT = (1, 10) # of an era key, once it has its second name; the log's effects between
REIGN = 30     # seconds that a past key answers laggards
KINDS = tuple(EFFECTS)
NOSYNC_KINDS = ("load, all at once", "checkpoints, all at once")
TRIES = 12     # until a cut hits
AWAY = 300     # positions after which nobody retains what one who was away needs
PROMISES_A_CUT = 20 # PREPAREs, and COMMITs, that must be read at least
HALTED = 3     # exit code: refused, a person must look


class Cell:
    def __init__(self, folder, seed, nosync):
        self.folder, self.dice, self.nosync = folder, random.Random(seed), nosync
        os.makedirs(folder, exist_ok=True)
        self.network = Network(os.path.join(folder, "network"), "--cells", 1, "--homes", 1)
        self.nodes = self.network.groups["cell1"]
        self.author = Author(os.path.join(folder, "network/devices/cell1-home01.key"),
                             self.network.genesis("cell1"))
        self.memory, self.fresh, self.life = Memory(), {}, 0
        self.acknowledged, self.marks = {}, {}
        self.voters = Voters(self.nodes, self.network.genesis("cell1"))
        self.keys = [Keys(node, self.network.genesis("cell1")) for node in self.nodes]
        for node in self.nodes:
            os.makedirs(self.journal(node))

    def journal(self, node):
        return os.path.join(self.folder, "journal", node.name)

    def said(self, node):
        return os.path.join(self.folder, f"said-{self.life}-{node.name}")

    def mark(self, node):
        """When this file is there, the effects of the node count."""
        return self.marks.get(node) or os.path.join(self.folder, f"mark-{self.life}-{node.name}")

    # ---- A life that ends by a cut ----

    def prepare(self, node, cut=0, marked=True):
        """In: cut: at which effect it falls, counted from its mark; from its start if not marked."""
        node.environment = {"LD_PRELOAD": SHIM, "EC_POWER_TREE": node.folder,
                            "EC_POWER_JOURNAL": self.journal(node),
                            "EC_POWER_SAID": self.said(node), "EC_POWER_CUT": str(cut),
                            "EC_POWER_NOSYNC": "1" if self.nosync else "0"}
        if marked:
            node.environment["EC_POWER_MARK"] = self.mark(node)

    def start(self, cut=0, at_start=None):
        """In: at_start: this one needs no mark."""
        self.life += 1
        for node in self.nodes:
            self.prepare(node, cut, node is not at_start)
            node.start()

    def stream(self):
        return Stream(self.nodes, self.author, rate=60, workers=6, give_up=30)

    def start_ready(self, cut):
        """All run, a stream of notes flows."""
        self.start(cut)
        self.wait_ready("before the cut")
        return self.stream()

    def begin_start(self, victim, effect):
        self.start(effect, victim)
        return None

    def begin_load(self, victim, effect):
        stream = self.start_ready(effect)
        time.sleep(self.dice.uniform(0.2, 0.6))
        with open(self.mark(victim), "w", encoding="ascii"):
            pass
        return stream

    def begin_view(self, victim, effect):
        """Nothing happens but that the others replace the leader, which victim is not."""
        stream = self.start_ready(effect)
        time.sleep(self.dice.uniform(0.2, 0.6))
        leader = wait_for(self.network.leader, 5) or self.nodes[0]
        if victim is leader:
            victim = self.dice.choice([node for node in self.nodes if node is not leader])
        leader.kill()
        time.sleep(0.1)
        with open(self.mark(victim), "w", encoding="ascii"):
            pass
        self.victim = victim
        return stream

    def begin_rejoin(self, victim, effect):
        stream = self.start_ready(0)
        time.sleep(self.dice.uniform(0.2, 0.6))
        victim.kill()
        self.prepare(victim, effect, False)
        victim.start("--rejoin")
        return stream

    def begin_brought(self, victim, effect):
        """It was away for so long that it must take the state from others."""
        stream = self.start_ready(0)
        victim.kill()
        other = self.nodes[victim is self.nodes[0]]
        status = wait_for(other.status, 5)
        many = Stream([n for n in self.nodes if n is not victim], self.author, 1000, 12, 30)
        wait_for(lambda: (s := other.status()) and s["position"] > status["position"] + AWAY, 30)
        many.abandon()
        stream.done += many.done
        self.prepare(victim, effect, False)
        self.said_before = len(victim.log())
        victim.start()
        return stream

    def begin_key(self, victim, effect):
        """Every owner changes his node's era key; the next change of era ends the keys' reign."""
        other = self.nodes[victim is self.nodes[0]]
        new = {keys.identity: keys.next_make() for keys in self.keys}
        aimed = effect <= RETIREMENT[1]
        if aimed:
            self.marks = {victim: os.path.join(victim.folder, "era.key.retired")}
        stream = self.start_ready(effect)
        if not aimed:
            with open(self.mark(victim), "w", encoding="ascii"):
                pass
        for keys in (new, None):
            roster = self.voters.next_roster(other, keys)
            self.voters.vote(other, roster)
            wait_for(lambda: not victim.is_alive() or all(
                (s := n.status()) and s["era"] == roster[1] for n in self.nodes), 10)
        self.marks = {}
        return stream

    def hit(self, kind, inside):
        """Whether the cut that came was inside what it was aimed at."""
        if kind.startswith("view"):
            return inside
        if kind.startswith("state"):
            return wanted_state(self.said(self.victim)) and (
                "brought from others" not in self.victim.log()[self.said_before:])
        return True

    def cut(self, kind):
        """One life that ends by a cut.  Returns: whether it was as it was meant, whether it was
        inside a view change, text about it."""
        effect = self.effect_of(kind)
        self.victim = self.dice.choice(self.nodes)
        begin = {"view": self.begin_view, "start": self.begin_start, "first": self.begin_start,
                 "load": self.begin_load, "checkpoints": self.begin_load,
                 "rejoin": self.begin_rejoin, "state": self.begin_brought,
                 "key": self.begin_key}
        stream = begin[kind.split()[0].strip(",")](self.victim, effect)
        victim = self.victim
        fell = wait_for(lambda: not victim.is_alive(), 6, 0.001) and victim.process.poll() < 0
        self.end("all" in kind)
        if stream:
            stream.abandon()
            self.fresh.update(stream.done)
        inside = fell and self.memory.take_all({n.name: self.said(n) for n in self.nodes},
                                               victim.name)
        hit = bool(fell and self.hit(kind, inside))
        lost = self.restore(self.nodes if "all" in kind else [victim])
        return hit, bool(inside), (
            f"{kind}: {victim.name} at effect {effect}{'' if fell else ' (not reached)'}"
            f"{', inside a view change' if inside else ''}{'' if hit else ', missed'}; {lost}")

    def effect_of(self, kind):
        """Those around the saving of VIEW-CHANGE and NEW-VIEW more often: then comes mere load.  And
        those that destroy a key."""
        least, most = EFFECTS.get(kind, (1, 200))
        if kind.startswith("key") and self.dice.random() < 3 / 4:
            least, most = RETIREMENT
        if kind.startswith("view") and self.dice.random() < 2 / 3:
            least, most = ADOPTION
        return self.dice.randint(least, most)

    def end(self, at_once):
        """The cut of one ends all, at once or soon after."""
        if not at_once:
            time.sleep(0.3)
        alive = [node for node in self.nodes if node.process is not None]
        for node in alive:
            node.process.send_signal(signal.SIGKILL)
        for node in alive:
            node.process.wait(10)
            node.process = None

    def restore(self, nodes):
        lost = []
        for node in nodes:
            mode = self.dice.choice(("prefix", "subset"))
            done = subprocess.run([sys.executable, RESTORE, node.folder, self.journal(node), mode,
                                   str(self.dice.randrange(1 << 30))],
                                  stdout=subprocess.PIPE, check=True)
            lost.append(f"{mode}: {done.stdout.decode().strip()}")
        return "; ".join(lost)

    # ---- A life without a cut ----

    def wait_ready(self, when, may_rejoin=None):
        """In: may_rejoin: this one may refuse its old key without its data: then it rejoins."""
        def ready():
            for node in self.nodes:
                code = node.process.poll()
                if code == HALTED and node is may_rejoin and "--rejoin" in node.last_line():
                    self.prepare(node)
                    node.start("--rejoin")
                elif code is not None:
                    refused = code == HALTED or "state store: " in node.last_line()
                    raise Promise("damage" if refused else "",
                                  f"{when} {node.name} ended: {node.last_line()}")
            return all(node.is_ready() for node in self.nodes)
        if not wait_for(ready, 30):
            raise Promise("", f"{when} not all nodes are ready: " + str(
                [(s := n.status()) and s.get("unready_because") for n in self.nodes]))

    def votes_again(self, node):
        """A learner's key is voted on by the process beside it, or, when that was cut off, by
        `edgecord node rejoin`."""
        if not (s := node.status()) or s["voter"]:
            return
        code, _, errors = run("node", "rejoin", node.folder, timeout=60)
        if not wait_for(lambda: (s := node.status()) and s["voter"], 20):
            raise Promise("", f"after the cut {node.name} remains a learner: {code} {errors}")

    def judge_keys(self):
        """Every node votes, with no more help, by the key that the roster in force names; once that
        is the new one the old one is nowhere."""
        def settled():
            return all((s := n.status()) and s["voter"] and self.voters.roster(n)[1] == s["era"]
                       for n in self.nodes)
        if not wait_for(settled, 20):
            raise Promise("", "after the cut some have no vote: " + str(
                [(s := n.status()) and (s["era"], s["voter"]) for n in self.nodes]))
        for keys in self.keys:
            named = self.voters.key_of(keys.node)
            if not wait_for(lambda: not keys.fault(named), REIGN + 10):
                raise Promise("", f"after the cut, {keys.node.name}: {keys.fault(named)}")

    def judge(self, kind, last=False):
        """Raises Promise with what does not hold.  In: last: all that was ever acknowledged is
        looked for."""
        self.start()
        self.wait_ready("after the cut", self.victim if kind.startswith("rejoin") else None)
        if kind.startswith("key"):
            self.judge_keys()
        for node in self.nodes:
            self.votes_again(node)
        envelope = self.author.note()
        if not wait_for(lambda: self.nodes[self.life % 4].submit(envelope)[0] == 200, 20):
            raise Promise("", "after the cut nothing is committed any more")
        if not agreement(self.nodes, 20):
            raise Promise("", "after the cut the members do not agree: " + str(
                [(s["seq"], s["header"][:8]) if (s := n.status()) else None for n in self.nodes]))
        if not wait_for(lambda: all((s := n.status()) and not s["older_missing"]
                                    for n in self.nodes), 60):
            raise Promise("", "after the cut the older blocks do not come back")
        self.look_for(self.fresh)
        self.acknowledged.update(self.fresh)
        self.fresh = {}
        if last:
            self.look_for(self.acknowledged)
        self.end(True)
        self.memory.take_all({n.name: self.said(n) for n in self.nodes}, self.nodes[0].name)

    def look_for(self, envelopes):
        missing = [i.hex() for i, seq in envelopes.items() if not self.is_found(i, seq)]
        if missing:
            raise Promise("missing", f"{len(missing)} of {len(envelopes)} acknowledged envelopes "
                          f"are missing, as {missing[0]}")

    def is_found(self, identity, seq):
        """A member that took the state from others may have no blocks from before: one must."""
        for node in self.nodes:
            answer = node.ask(f"/v1/envelopes/{identity.hex()}")
            if answer is not None and answer["seq"] == (seq or answer["seq"]):
                return True
        return False

    def stop(self):
        self.end(True)


class Play:
    """Cuts of all kinds in turn."""

    def __init__(self, folder, wanted):
        self.folder, self.wanted = folder, wanted
        self.dice = random.Random(wanted.seed)
        self.cell = Cell(folder, wanted.seed, wanted.nosync)
        self.cuts = self.missed = self.inside = self.firsts = 0

    def kinds(self):
        if self.wanted.kind:
            return [kind for kind in KINDS if kind.startswith(self.wanted.kind)]
        if self.wanted.nosync:
            return NOSYNC_KINDS
        turn = self.wanted.seed % len(KINDS)
        return KINDS[turn:] + KINDS[:turn]

    def once(self, kind):
        """A cut and what it left.  Returns: whether it hit."""
        cell = self.cell
        if kind.startswith("first"): # of a network that never ran
            self.firsts += 1
            cell = Cell(os.path.join(self.folder, f"first-{self.firsts}"),
                        self.dice.randrange(1 << 30), self.wanted.nosync)
        try:
            hit, inside, text = cell.cut(kind)
            print(f"   {self.cuts + 1}: {text}", flush=True)
            cell.judge(kind, cell is not self.cell)
        finally:
            cell.stop()
        self.inside += hit and inside
        return hit

    def until_hit(self, kind):
        for _ in range(TRIES):
            if self.once(kind):
                return
            self.missed += 1
        raise Promise("", f"no cut of {TRIES} hit: {kind}")

    def play(self):
        """Returns: what did not hold; None if all held."""
        kinds = self.kinds()
        try:
            while self.cuts < self.wanted.cuts:
                self.until_hit(kinds[self.cuts % len(kinds)])
                self.cuts += 1
            self.cell.judge("", last=True)
        except Promise as broken:
            return broken
        finally:
            self.cell.stop()
        return None


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--kind", help="how the kinds begin that alone are played")
    parser.add_argument("--nosync", action="store_true")
    parser.add_argument("--folder")
    return parser.parse_args()


def judge_without_sync(wanted, broken, checks):
    checks.check(broken and broken.kind,
                 f"power: without fdatasync it is noticed within {wanted.cuts} cuts, by what was "
                 "lost, said twice or refused", f"{broken}; seed {wanted.seed}")
    if broken:
        print(f"   {broken.kind}: {broken}")


def judge(wanted, broken, play, checks):
    cell, least = play.cell, wanted.cuts // 5
    count = cell.memory.count
    checks.check(not broken, f"power: {play.cuts} cuts; nothing acknowledged is missing, nobody "
                 "votes twice", f"{broken}; seed {wanted.seed}; see {play.folder}")
    checks.figure("power cuts without loss", f"{wanted.cuts}",
                  f"{play.cuts}, {len(cell.acknowledged)} acknowledged envelopes", not broken)
    if wanted.kind:
        return
    checks.figure("power cuts inside a view change", f"at least {least}", play.inside,
                  play.inside >= least)
    floor = PROMISES_A_CUT * wanted.cuts
    checks.check(min(count.get("prepare", 0), count.get("commit", 0)) >= floor,
                 f"power: at least {floor} PREPAREs and COMMITs were read and compared", count)


def play(folder, wanted, checks):
    preload(SHIM, "power/shim.c", "power/shim_files.c", "power/shim_names.c")
    played = Play(folder, wanted)
    broken = played.play()
    cell = played.cell
    print(f"   seed {wanted.seed}: {played.cuts} cuts and {played.missed} that missed, "
          f"{played.inside} inside a view change, {len(cell.acknowledged)} acknowledged envelopes, "
          f"promises: {cell.memory.count}")
    if wanted.nosync:
        judge_without_sync(wanted, broken, checks)
    else:
        judge(wanted, broken, played, checks)


def main():
    wanted, checks = options(), Checks()
    checks.play("power", lambda folder: play(folder, wanted, checks), wanted.folder)


main()
