#!/usr/bin/env python3
"""power.py - power cuts: a cell under load on disks that forget what was not synced.

usage: tests/power.py [--cuts N] [--seed S] [--nosync] [--folder FOLDER]

Each cut ends one node, or all four at once, at a random effect on its disk (tests/power/shim.c);
tests/power/restore.py leaves what a power loss leaves; then the nodes start again.  Judged after
each: all start, commits go on, all members agree, every acknowledged envelope is there, and over
all lives nobody said two things where one is a promise: PRE-PREPARE, PREPARE, COMMIT, CHECKPOINT,
VIEW-CHANGE, NEW-VIEW, header signatures, read from what each node said to its peers.
--nosync: the same with syncs that do nothing; then a failure must be noticed.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: as it must be."""
import argparse
import os
import random
import signal
import struct
import subprocess
import sys
import time

from network import BUILD, ROOT, Author, Checks, Network, Stream, agreement, preload, wait_for

SHIM = os.path.join(BUILD, "power_shim.so")
RESTORE = os.path.join(ROOT, "tests/power/restore.py")
FRAME_HEAD = struct.Struct("<BQQI32s")
MESSAGE, SIGNATURE = 2, 7
PREPREPARE, PREPARE, COMMIT, CHECKPOINT, VIEW_CHANGE, NEW_VIEW = range(1, 7)
SAYS_COMMIT, SAYS_DELIVERED = 1, 2
KINDS = ("checkpoints, all at once", "view change, all at once", "load, one alone",
         "start, all at once", "view change, one alone")
EFFECTS = {"checkpoints,": (600, 1200), "load,": (1, 200), "view": (1, 2), "start,": (1, 40)}


class Promise(Exception):
    """A promise was broken; the text says which."""


# ---- What a node said --------------------------------------------------------------------------


def frames(path):
    """The frames that a node handed to TLS, connection by connection, in the order of writing."""
    streams = {}
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at + 12 <= len(data):
        name, size = struct.unpack_from("<QI", data, at)
        at += 12
        if size == 0:
            streams.pop(name, None)
            continue
        stream = streams.setdefault(name, bytearray())
        stream += data[at:at + size]
        at += size
        while len(stream) >= 4:
            length = struct.unpack_from("<I", stream)[0]
            if len(stream) < 4 + length:
                break
            yield bytes(stream[4:4 + length])
            del stream[:4 + length]


def promises(path):
    """Of each frame that is one: (slot in which only one thing may be said, what was said)."""
    for frame in frames(path):
        if len(frame) < FRAME_HEAD.size or frame[0] not in (MESSAGE, SIGNATURE):
            continue
        kind, era, seq, _, name = FRAME_HEAD.unpack_from(frame)
        if kind == SIGNATURE:
            yield ("signature", era, seq), name
            continue
        size = struct.unpack_from("<I", frame, FRAME_HEAD.size)[0]
        head = frame[FRAME_HEAD.size + 4:FRAME_HEAD.size + 4 + size]
        if head and head[0] <= NEW_VIEW:
            yield from head_promises(head, era, name)


def head_promises(head, era, name):
    """Fixed little-endian fields, as src/consensus/pbft/messages.c lists them."""
    kind = head[0]
    if kind == CHECKPOINT:
        seq = struct.unpack_from("<Q", head, 1)[0]
        yield ("checkpoint", era, seq), head[9:41]
    elif kind in (VIEW_CHANGE, NEW_VIEW):
        view = struct.unpack_from("<Q", head, 1)[0]
        yield ("view change" if kind == VIEW_CHANGE else "new view", era, view), name
    else:
        view, seq = struct.unpack_from("<QQ", head, 1)
        value = name if kind == PREPREPARE else head[17:53]
        if kind == PREPREPARE:
            yield ("pre-prepare", era, view, seq), value
        elif kind == PREPARE:
            yield ("prepare", era, view, seq), value
        else:
            if head[53] & SAYS_COMMIT:
                yield ("commit", era, view, seq), value
            if head[53] & SAYS_DELIVERED:
                yield ("delivered", era, seq), value


class Memory:
    """What every node ever said; and what all must say alike."""

    ALIKE = ("signature", "checkpoint", "delivered")

    def __init__(self):
        self.said, self.alike, self.count = {}, {}, 0

    def take(self, node, path):
        """Returns: the slots of this life, in the order in which they were said."""
        slots = []
        if not os.path.exists(path):
            return slots
        for slot, what in promises(path):
            self.count += 1
            slots.append(slot)
            before = self.said.setdefault((node, *slot), what)
            if before != what:
                raise Promise(f"{node} said two things: {slot}: {before.hex()[:16]}, then "
                              f"{what.hex()[:16]}")
            if slot[0] in self.ALIKE and self.alike.setdefault(slot, what) != what:
                raise Promise(f"{node} says otherwise than the others: {slot}")
        return slots


def inside_view_change(slots_of_all):
    """Whether somebody had asked for a view that its primary had not begun."""
    asked = max((s[2] for slots in slots_of_all for s in slots if s[0] == "view change"), default=0)
    begun = max((s[2] for slots in slots_of_all for s in slots if s[0] == "new view"), default=0)
    return asked > begun


# ---- Lives ---------------------------------------------------------------------------------


class Cell:
    def __init__(self, folder, seed, nosync):
        self.folder, self.dice, self.nosync = folder, random.Random(seed), nosync
        self.network = Network(os.path.join(folder, "network"), "--cells", 1, "--homes", 1)
        self.nodes = self.network.groups["cell1"]
        self.author = Author(os.path.join(folder, "network/devices/cell1-home01.key"),
                             self.network.genesis("cell1"))
        self.memory, self.acknowledged, self.life = Memory(), {}, 0
        self.judged = self.inside = 0
        for node in self.nodes:
            os.makedirs(self.journal(node))

    def journal(self, node):
        return os.path.join(self.folder, "journal", node.name)

    def said(self, node):
        return os.path.join(self.folder, f"said-{self.life}-{node.name}")

    def mark(self, node):
        """When this file is there, the effects of the node count."""
        return os.path.join(self.folder, f"mark-{self.life}-{node.name}")

    def start(self, cut=0, at_start=None):
        """In: cut: at which effect after its mark a node falls; at_start: this one needs none."""
        self.life += 1
        for node in self.nodes:
            node.environment = {"LD_PRELOAD": SHIM, "EC_POWER_TREE": node.folder,
                                "EC_POWER_JOURNAL": self.journal(node),
                                "EC_POWER_SAID": self.said(node), "EC_POWER_CUT": str(cut),
                                "EC_POWER_NOSYNC": "1" if self.nosync else "0"}
            if node is not at_start:
                node.environment["EC_POWER_MARK"] = self.mark(node)
            node.start()

    def begin(self, kind, effect):
        """Up to the moment at which a cut may come.  Returns: the stream, the victim."""
        victim = self.dice.choice(self.nodes)
        if kind.startswith("start"):
            self.start(effect, victim)
            return None, victim
        self.start(effect)
        if not self.network.wait_ready(self.nodes, 30):
            raise Promise("not all nodes were ready: " + self.last_words())
        stream = Stream(self.nodes, self.author, rate=60, workers=6, give_up=30)
        time.sleep(self.dice.uniform(0.2, 0.6))
        if kind.startswith("view"): # nothing happens but that the others replace the leader
            leader = wait_for(self.network.leader, 5) or self.nodes[0]
            victim = self.dice.choice([node for node in self.nodes if node is not leader])
            leader.kill()
            time.sleep(0.1)
        with open(self.mark(victim), "w", encoding="ascii"):
            pass
        return stream, victim

    def cut(self, kind):
        """One life that ends by a cut.  Returns: text about it."""
        least, most = EFFECTS[kind.split()[0]]
        effect = self.dice.randint(least, most)
        stream, victim = self.begin(kind, effect)
        fell = wait_for(lambda: not victim.is_alive(), 6, 0.001)
        self.end("all" in kind)
        if stream:
            stream.abandon()
            self.acknowledged.update(stream.done)
        inside = inside_view_change([self.memory.take(node.name, self.said(node))
                                     for node in self.nodes])
        self.inside += inside
        lost = self.restore(self.nodes if "all" in kind else [victim])
        return (f"{kind}: {victim.name} at effect {effect}{'' if fell else ' (not reached)'}"
                f"{', inside a view change' if inside else ''}; {lost}")

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
                                   str(self.dice.randrange(1 << 30))], capture_output=True,
                                  check=True)
            lost.append(f"{mode}: {done.stdout.decode().strip()}")
        return "; ".join(lost)

    def last_words(self):
        """Why a node ended by itself."""
        return "; ".join(f"{node.name}: {node.log().strip().splitlines()[-1]}"
                         for node in self.nodes if not node.is_alive()) or "all run"

    def judge(self):
        """A life without a cut.  Raises Promise with what does not hold."""
        self.start()
        if not self.network.wait_ready(self.nodes, 30):
            raise Promise("after the cut not all nodes are ready: " + self.last_words())
        envelope = self.author.note()
        if not wait_for(lambda: self.nodes[self.life % 4].submit(envelope)[0] == 200, 20):
            raise Promise("after the cut nothing is committed any more")
        if not agreement(self.nodes, 20):
            raise Promise("after the cut the members do not agree: " + str(
                [(s["seq"], s["header"][:8]) if (s := n.status()) else None for n in self.nodes]))
        missing = [i.hex() for i, seq in self.acknowledged.items() if not self.is_found(i, seq)]
        if missing:
            raise Promise(f"{len(missing)} of {len(self.acknowledged)} acknowledged envelopes are "
                          f"missing, as {missing[0]}")
        self.judged += len(self.acknowledged)
        self.acknowledged = {}
        self.end(True)
        for node in self.nodes:
            self.memory.take(node.name, self.said(node))

    def is_found(self, identity, seq):
        """A member that took the state from others has no blocks from before: one must have it.
        Those of earlier lives were judged then; what was certified cannot change (Memory.ALIKE)."""
        for node in self.nodes:
            answer = node.ask(f"/v1/envelopes/{identity.hex()}")
            if answer is not None and answer["seq"] == (seq or answer["seq"]):
                return True
        return False

    def play(self, cuts):
        """Returns: cuts until something did not hold, and what; (cuts, None) if all held."""
        for number in range(cuts):
            kind = KINDS[number % len(KINDS)]
            try:
                print(f"   {number + 1}: {self.cut(kind)}", flush=True)
                self.judge()
            except Promise as broken:
                return number + 1, str(broken)
        return cuts, None

    def stop(self):
        self.end(True)


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--nosync", action="store_true")
    parser.add_argument("--folder")
    return parser.parse_args()


def play(folder, wanted, checks):
    preload(SHIM, "power/shim.c", "power/shim_files.c", "power/shim_names.c")
    cell = Cell(folder, wanted.seed, wanted.nosync)
    try:
        cuts, broken = cell.play(wanted.cuts)
    finally:
        cell.stop()
    print(f"   seed {wanted.seed}: {cuts} cuts, {cell.inside} inside a view change, "
          f"{cell.judged} acknowledged envelopes, {cell.memory.count} promises")
    if wanted.nosync:
        checks.check(broken, f"power: without fdatasync it is noticed within {wanted.cuts} cuts")
        print(f"   {broken}")
        return
    checks.check(not broken, f"power: {cuts} cuts; nothing acknowledged is missing, nobody "
                 "votes twice", f"{broken}; seed {wanted.seed}; see {folder}")
    least = wanted.cuts // 5
    checks.figure("power cuts without loss", f"{wanted.cuts}",
                  f"{cuts - bool(broken)}, {cell.judged} acknowledged envelopes", not broken)
    checks.figure("power cuts inside a view change", f"at least {least}", cell.inside,
                  cell.inside >= least)


def main():
    wanted, checks = options(), Checks()
    checks.play("power", lambda folder: play(folder, wanted, checks), wanted.folder)


main()
