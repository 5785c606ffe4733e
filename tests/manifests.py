#!/usr/bin/env python3
"""manifests.py - real clusters under faults: is what clients saw of their store linearizable?

usage: tests/manifests.py [--seed S] [--only N[,N...]] [--seconds S] [--folder DIR]
       tests/manifests.py --manifest FILE [--folder DIR]
       tests/manifests.py --short | --planted

Makes 24 manifests from a seed (group size x protocol x mix of faults) and plays each: clients that
write down what they call and see (build/store_clients_tool), on nodes that are killed, stopped for
10 s, cut off one way by nftables, whose clocks jump and whose disks are slow (tests/isolated.py).
`edgecord history` judges what was written.  A manifest fails when that is not linearizable, when it
gave up, when a fault took no effect or met no call that was under way, when too little succeeded,
when a node ended by itself, and when the nodes are not all ready again at its end and end in order.
A line that begins with `manifest` is one whole manifest: --manifest plays it again from a file (the
faults at the same times; processes are never the same).
--short: two of 8 s.  --planted: that what is wrong is found: nodes with a planted bug, and reads
that are not linearizable taken for such.
Prints `ok TEXT` or `FAIL TEXT` a check, and a table at the end.  Exit 0: none failed."""
import argparse
import collections
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

from isolated import Isolated, enter, is_inside, missing
from network import BUILD, EDGECORD, PLANTED, Checks, wait_for

CLIENTS_TOOL = os.path.join(BUILD, "store_clients_tool")
GROUPS = (("raft", 3), ("raft", 5), ("paxos", 3), ("multipaxos", 3), ("multipaxos", 5), ("pbft", 4),
          ("pbft", 7), ("honeybadger", 4))
# What ends or cuts off members, one after the other; what else is wrong meanwhile.  In groups of
# which two may fail, others end members beside it.
TWO_MAY_FAIL = 5
ENDS = ("kill", "stop")
MIXES = {"ends": (("kill", "stop"), ("disk",)),
         "cuts": (("cut", "kill"), ("clock",)),
         "all": (("cut", "stop", "kill"), ("clock", "disk"))}
CLIENTS, PAUSE_MS = 16, 60
BEGIN_S, END_S = 3.0, 5.0 # without a fault
PER_S_MIN = 4 # calls that succeeded, of all clients, over the whole time
AWAY_S = 12 # until a fault has taken effect, at most, beyond its own time
BACK_S = 60 # until all are ready again
checks = Checks()
check = checks.check


# ---- Manifests -----------------------------------------------------------------------------------


def fault_make(dice, kind, at, members):
    """One fault; `who` is a member's number, or the leader of that moment."""
    fault = {"kind": kind, "at_s": round(at, 1),
             "who": dice.choice(["leader", "leader", dice.randint(1, members)])}
    if kind == "kill":
        fault["for_s"] = round(dice.uniform(1, 6), 1)
    elif kind == "stop":
        fault["for_s"] = 10.0
    elif kind == "cut":
        fault["for_s"] = round(dice.uniform(3, 8), 1)
        fault["way"] = dice.choice(["hears nobody", "nobody hears it", "one does not hear it",
                                    "is cut off"])
    elif kind == "clock":
        fault["for_s"] = round(dice.uniform(3, 8), 1)
        fault["seconds"] = dice.choice([-86400, -30, 30, 3600, 86400 * 365])
    elif kind == "disk":
        fault["for_s"] = round(dice.uniform(3, 8), 1)
        fault["delay_ms"] = dice.choice([20, 100, 500])
    return fault


def track_make(dice, kinds, members, seconds):
    """Faults one after the other, a kind after the other, as long as there is time."""
    faults, at, turn = [], BEGIN_S + dice.uniform(0, 1), 0
    kinds = dice.sample(kinds, len(kinds))
    while True:
        fault = fault_make(dice, kinds[turn % len(kinds)], at, members)
        if at + fault["for_s"] > seconds - END_S:
            return faults
        faults.append(fault)
        turn += 1
        at += fault["for_s"] + dice.uniform(2, 4)


def manifest_make(seed, number, protocol, members, mix, seconds):
    dice = random.Random(f"{seed}/{number}")
    tracks = list(MIXES[mix])
    if members >= TWO_MAY_FAIL:
        tracks.append(("kill", "stop"))
    faults = [{"track": track, **fault} for track, kinds in enumerate(tracks)
              for fault in track_make(dice, kinds, members, seconds)]
    return {"name": f"{number:02d} {protocol} {members} {mix}", "seed": f"{seed}/{number}",
            "protocol": protocol, "members": members, "seconds": seconds, "clients": CLIENTS,
            "pause_ms": PAUSE_MS, "faults": sorted(faults, key=lambda fault: fault["at_s"])}


def short_make(number, protocol, members):
    """The leader is killed, and the one after it stopped, within 8 s."""
    faults = [{"track": 0, "kind": "kill", "at_s": 1.0, "who": "leader", "for_s": 1.5},
              {"track": 0, "kind": "stop", "at_s": 4.0, "who": "leader", "for_s": 2.0}]
    return {"name": f"{number:02d} {protocol} {members} short", "seed": f"short/{number}",
            "protocol": protocol, "members": members, "seconds": 8, "clients": CLIENTS,
            "pause_ms": PAUSE_MS, "faults": faults}


def manifests_make(seed, seconds):
    cases = [(*group, mix) for group in GROUPS for mix in MIXES]
    return [manifest_make(seed, number + 1, *case, seconds) for number, case in enumerate(cases)]


# ---- Faults --------------------------------------------------------------------------------------


Fired = collections.namedtuple("Fired", "begin_ns end_ns fault number effect")


class Nemesis:
    """Brings the faults of a manifest, and takes each back."""

    def __init__(self, place, manifest):
        self.place, self.nodes, self.manifest = place, place.nodes, manifest
        self.dice, self.lock = random.Random(manifest["seed"]), threading.Lock()
        self.away, self.fired, self.died = set(), [], []

    def leader(self, here):
        """Who leads, as most of those say who are here; where nobody does, one of them."""
        said = [(node, status) for node in here
                if (status := node.ask("/v1/status", timeout=0.5)) and status.get("leader")]
        names = [status["leader"] for _, status in said]
        for node, status in said:
            if names.count(status["owner"]) * 2 > len(names):
                return node
        return self.dice.choice(here)

    def victim(self, fault):
        """One whom no other fault has ended, who is away from now on if this one ends it."""
        with self.lock:
            here = [node for node in self.nodes if node not in self.away]
            node = self.nodes[0 if fault["who"] == "leader" else fault["who"] - 1]
            if fault["who"] == "leader":
                node = self.leader(here)
            elif node not in here:
                node = self.dice.choice(here)
            self.away |= {node} if fault["kind"] in ENDS else set()
            return node

    def begin(self, fault, node):
        if not node.is_alive():
            self.died.append(f"{node.name}: {node.last_line()}")
        others = [other for other in self.nodes if other is not node]
        if fault["kind"] == "kill":
            node.kill()
        elif fault["kind"] == "stop":
            node.process.send_signal(signal.SIGSTOP)
        elif fault["kind"] == "clock":
            self.place.set_clock(node, fault["seconds"])
        elif fault["kind"] == "disk":
            self.place.set_disk(node, fault["delay_ms"])
        else:
            if fault["way"] in ("hears nobody", "is cut off"):
                self.place.set_deaf(node, others)
            if fault["way"] in ("nobody hears it", "is cut off"):
                for other in others:
                    self.place.set_deaf(other, [node])
            if fault["way"] == "one does not hear it":
                self.place.set_deaf(self.dice.choice(others), [node])

    def effect(self, fault, node):
        """What shows that it is in force, as a number; 0: nothing does."""
        if fault["kind"] == "kill":
            return 1
        if fault["kind"] == "stop":
            with open(f"/proc/{node.process.pid}/stat", encoding="ascii") as file:
                return int(file.read().rsplit(")", 1)[1].split()[0] == "T")
        if fault["kind"] == "clock":
            status = node.ask("/v1/status", timeout=0.5) or {}
            # Its clock at the newest certificate, by the order's own: which may be far off itself,
            # once the clocks of a majority have jumped, one after the other.
            its_ns = status.get("stamp_ns", 0) + status.get("clock_offset_ns", 0)
            off_s = int(its_ns / 1e9 - time.time())
            return off_s if abs(off_s - fault["seconds"]) < 10 else 0
        if fault["kind"] == "disk":
            return self.place.delayed(node)
        return sum(self.place.dropped(each) for each in self.nodes)

    def end(self, fault, node):
        if fault["kind"] == "kill":
            node.start()
        elif fault["kind"] == "stop":
            node.process.send_signal(signal.SIGCONT)
        elif fault["kind"] == "clock":
            self.place.set_clock(node, 0)
        elif fault["kind"] == "disk":
            self.place.set_disk(node, 0)
        else:
            for each in self.nodes:
                self.place.set_deaf(each, [])

    def play(self, start, faults):
        """The faults of one track; `start` is when the clients began."""
        for fault in faults:
            time.sleep(max(0.0, start + fault["at_s"] - time.monotonic()))
            node, begin_ns = self.victim(fault), time.monotonic_ns()
            self.begin(fault, node)
            time.sleep(fault["for_s"])
            # A member that another fault ended meanwhile feels this one when it is back.
            effect = wait_for(lambda fault=fault, node=node: self.effect(fault, node), AWAY_S, 0.2)
            self.end(fault, node)
            with self.lock:
                self.away -= {node} if fault["kind"] in ENDS else set()
                self.fired.append(Fired(begin_ns, time.monotonic_ns(), fault, node.number, effect))

    def run(self, start):
        """All tracks at once, to their ends."""
        tracks = {}
        for fault in self.manifest["faults"]:
            tracks.setdefault(fault["track"], []).append(fault)
        threads = [threading.Thread(target=self.play, args=(start, faults))
                   for faults in tracks.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


# ---- What came of it -----------------------------------------------------------------------------


def calls_read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def longest_pause(calls, begin_ns, seconds):
    """Seconds in which nothing succeeded."""
    ends = sorted(call["return_ns"] for call in calls if call["outcome"] in ("ok", "failed"))
    ends = [begin_ns, *ends, max(ends[-1:] + [begin_ns + seconds * 10**9])]
    return max(b - a for a, b in zip(ends, ends[1:])) / 1e9


def judge(path):
    """What `edgecord history` says.  Returns: the verdict as JSON, and as text."""
    said = subprocess.run([EDGECORD, "history", "--json", path], capture_output=True, check=False)
    text = subprocess.run([EDGECORD, "history", path], capture_output=True, check=False)
    shown = (text.stdout + text.stderr).decode("utf-8", "replace")
    return json.loads(said.stdout)["files"][0] if said.stdout else {"verdict": "unusable"}, shown


FORMS = {"way": "%s", "seconds": "%+d s", "delay_ms": "%d ms a sync"}
UNITS = {"clock": "s off", "cut": "packets dropped", "disk": "syncs delayed"}


def fired_text(fired, start_ns):
    fault = fired.fault
    more = [form % fault[key] for key, form in FORMS.items() if key in fault]
    shown = f": {fired.effect} {UNITS[fault['kind']]}" if fault["kind"] in UNITS else ""
    return (f"{(fired.begin_ns - start_ns) / 1e9:.1f} s: {fault['kind']}, node {fired.number}"
            f"{' (leader)' if fault['who'] == 'leader' else ''}, for {fault['for_s']:g} s"
            + "".join(f", {word}" for word in more) + shown)


def kinds_of(fired):
    return [one.fault["kind"] for one in fired]


class Play:
    """One manifest, played on nodes of one program."""

    def __init__(self, folder, manifest, program=EDGECORD, at="latest", environment=None):
        self.manifest, self.at = manifest, at
        self.history = os.path.join(folder, "history.jsonl")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as file:
            json.dump(manifest, file, indent=1)
        print("manifest " + json.dumps(manifest), flush=True)
        self.place = Isolated(folder, manifest["members"], manifest["protocol"])
        for node in self.place.nodes:
            node.program = program
            node.environment.update(environment or {})
        self.nemesis = Nemesis(self.place, manifest)
        self.ready = self.back = False
        self.start_ns = 0

    def run(self):
        """Returns: whether there is a history to judge."""
        try:
            self.ready = self.place.network.start(60)
            if self.ready:
                self.clients()
                self.back = self.place.network.wait_ready(self.place.nodes, BACK_S)
                self.nemesis.died += [f"{node.name}: {node.last_line()}"
                                      for node in self.place.nodes if node.stop() != 0]
        finally:
            self.place.network.stop()
            self.place.remove()
        return self.ready

    def clients(self):
        manifest = self.manifest
        self.start_ns = time.monotonic_ns()
        arguments = [manifest["seconds"], manifest["clients"], manifest["pause_ms"],
                     random.Random(manifest["seed"]).randrange(10**9), self.at,
                     *(node.door for node in self.place.nodes)]
        process = subprocess.Popen([CLIENTS_TOOL, self.place.key, self.history,
                                    *map(str, arguments)])
        try:
            self.nemesis.run(self.start_ns / 1e9)
            process.wait(manifest["seconds"] + 30)
        finally:
            process.kill()
            process.wait()

    def unmet(self, calls):
        """Faults that no call met, or that did not take effect."""
        def meets(call, fired):
            return (call["call_ns"] < fired.end_ns and
                    call.get("return_ns", call["call_ns"]) > fired.begin_ns)
        return [one for one in self.nemesis.fired
                if not one.effect or not any(meets(call, one) for call in calls)]


def row_of(play, calls, said):
    kinds = kinds_of(play.nemesis.fired)
    good = sum(call["outcome"] in ("ok", "failed") for call in calls)
    pause_s = longest_pause(calls, play.start_ns, play.manifest["seconds"])
    return (play.manifest["name"], f"{good} of {len(calls)}",
            " ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds))),
            said["verdict"], f"{pause_s:.1f} s")


def trial(folder, manifest):
    """Plays and judges one.  Returns: its row of the table."""
    play, name = Play(folder, manifest), manifest["name"]
    if not check(play.run(), f"{name}: the group is ready within 60 s"):
        return (name, "0", "", "not begun", "")
    calls = calls_read(play.history)
    said, text = judge(play.history)
    for fired in sorted(play.nemesis.fired, key=lambda fired: fired.begin_ns):
        print("   " + fired_text(fired, play.start_ns))
    row = row_of(play, calls, said)
    good = sum(call["outcome"] in ("ok", "failed") for call in calls)
    check(said["verdict"] == "linearizable", f"{name}: what clients saw is linearizable", text)
    check(len(play.nemesis.fired) == len(manifest["faults"]) > 0 and not play.unmet(calls),
          f"{name}: every fault took effect, and met calls that were under way",
          play.unmet(calls))
    check(good >= PER_S_MIN * manifest["seconds"], f"{name}: enough succeeded",
          f"{good} in {manifest['seconds']} s")
    check(play.back and not play.nemesis.died,
          f"{name}: all are ready again within {BACK_S} s, and end only when told to, in order",
          play.nemesis.died or [node.last_line() for node in play.place.nodes])
    print("   " + ", ".join(row[1:]), flush=True)
    return row


def table_print(rows):
    head = ("manifest", "succeeded", "faults", "verdict", "longest pause")
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        print("   " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


# ---- That it would find something ----------------------------------------------------------------


def found(folder, what, manifests, **how):
    """Plays them, in turn, on what is wrong, until that is found."""
    text = "no manifest"
    for number, manifest in enumerate(manifests):
        play = Play(os.path.join(folder, str(number)), manifest, **how)
        if not check(play.run(), f"{what}: the group is ready within 60 s"):
            return
        said, text = judge(play.history)
        if said["verdict"] == "not linearizable":
            check(True, f"{what}: it is found")
            print("\n".join("   " + line for line in text.splitlines()[:12]), flush=True)
            return
    check(False, f"{what}: it is found", text)


def planted(folder):
    def cuts(number, seconds):
        """The leader is cut off again and again: it learns late that it leads nobody."""
        faults = [{"track": 0, "kind": "cut", "at_s": float(at), "who": "leader", "for_s": 3.0,
                   "way": "is cut off"} for at in range(2, seconds - 4, 5)]
        return {"name": f"planted {number}", "seed": f"planted/{number}", "protocol": "raft",
                "members": 3, "seconds": seconds, "clients": 32, "pause_ms": 20,
                "faults": faults}
    found(os.path.join(folder, "local"), "reads at=local that are taken for linearizable ones",
          [cuts(0, 6)], at="local")
    found(os.path.join(folder, "bug"), "raft: a leader answers reads without a round",
          [cuts(number + 1, 40) for number in range(4)], program=PLANTED,
          environment={"EC_BUG": "3"})


# ---- The program ---------------------------------------------------------------------------------


def chosen(arguments):
    if arguments.manifest:
        with open(arguments.manifest, encoding="utf-8") as file:
            return [json.loads(file.read().removeprefix("manifest "))]
    if arguments.short:
        return [short_make(1, "raft", 3), short_make(2, "pbft", 4)]
    every = manifests_make(arguments.seed, arguments.seconds)
    wanted = [int(number) for number in arguments.only.split(",")] if arguments.only else []
    return [one for i, one in enumerate(every) if not wanted or i + 1 in wanted]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--manifest")
    parser.add_argument("--folder")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--planted", action="store_true")
    arguments = parser.parse_args()
    why = None if is_inside() else missing()
    if why:
        print(f"skipped histories of real clusters: {why}")
        sys.exit(0)
    enter()

    def part(folder):
        if arguments.planted:
            planted(folder)
            return
        rows = [trial(os.path.join(folder, f"{i:02d}"), manifest)
                for i, manifest in enumerate(chosen(arguments))]
        table_print(rows)
        linear = sum(row[3] == "linearizable" for row in rows)
        if len(rows) == 24:
            checks.figure("histories of 24 real clusters under faults", "all linearizable",
                          f"{linear} of {len(rows)}", linear == len(rows))
    checks.play("manifests", part, arguments.folder)


main()
