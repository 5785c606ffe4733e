#!/usr/bin/env python3
"""evict.py - a member's machine was copied and both copies run: its keys say two things in one place.

usage: tests/evict.py [--folder FOLDER] [PROTOCOL...]     default: pbft and ghostdag
Of five members who leads runs twice, with one identity key and one era key; one copy meets one other
member alone, the other the rest, so that no link shows two nodes with one key.  Whoever hears both
has the proof; it is judged offline by anyone, the others vote on it, and the member goes, under load.
Evidence that is altered, against an innocent, of another network or era is refused.  In ghostdag this
happens in the first era, in pbft in the second, whose roster a receipt leads to.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import argparse
import os
import shutil
import sys

from documented import wrong
from network import ROOT, Author, Checks, Network, Node, Stream, agreement, first_port, proof, run
from network import unfound, wait_for
from receipts import leads

sys.path.insert(0, os.path.join(ROOT, "tools"))
import verify_evidence  # noqa: E402

RATE, WORKERS = 40, 4
ERA = {"pbft": 2, "ghostdag": 1}  # in which it happens
OPTIONS = {"pbft": (), "ghostdag": ("--option", "final_depth=16")}
FLIP_EVERY = 13  # bytes of the evidence
checks = Checks()


# ---- Two copies ---------------------------------------------------------------------------------


def configure(node, ports):
    path = os.path.join(node.folder, "node.yaml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for old, new in ports:
        assert f":{old}" in text
        text = text.replace(f":{old}", f":{new}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def copied(liar, honest):
    """Copies a member, who does not run; the last of the others will meet the copy.  Returns: it."""
    *others, last = honest
    port = first_port() + 80
    copy = Node("cell1", 0, {"folder": liar.folder + "-copy", "peer_port": port,
                             "door_port": port + 1, "http_port": port + 2,
                             "identity_key": liar.key})
    shutil.copytree(liar.folder, copy.folder)
    configure(liar, [(last.peer_port, port + 3)])  # where nobody is
    configure(last, [(liar.peer_port, copy.peer_port)])
    configure(copy, [(liar.peer_port, copy.peer_port), (liar.door_port, copy.door_port),
                     (liar.http_port, copy.http_port)] +
              [(node.peer_port, port + 4 + i) for i, node in enumerate(others)])
    return copy


# ---- Evidence -----------------------------------------------------------------------------------


def guilty(node):
    status = node.status()
    return status["guilty"] if status and status.get("guilty") else []


def verdicts(path, genesis, through=None):
    """(exit code of `edgecord verify`, the same of the other verifier, what the first said)."""
    more = ["--through", through] if through else []
    code, out, errors = run("verify", path, "--genesis", genesis, *more)
    try:
        with open(path, "rb") as file, open(genesis, "rb") as genesis_file:
            facts = verify_evidence.evidence_check(
                file.read(), genesis_file.read(), proof.file_read(through) if through else None)
        python = proof.VERDICTS[facts["verdict"]]
    except proof.Unusable:
        python = 2
    except proof.Invalid:
        python = 1
    return code, python, out + errors


def written(network, name, data):
    path = os.path.join(network.folder, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


class Trial:
    """One cell, one who is guilty."""

    def __init__(self, network, protocol):
        self.network, self.protocol = network, protocol
        self.accuse(network.groups["cell1"][0])
        self.genesis, self.era = network.genesis("cell1"), ERA[protocol]
        self.through, self.out = None, ""  # what leads to the roster of that era; what was printed
        self.evidence = os.path.join(network.folder, "evidence")
        self.data = b""

    def accuse(self, liar):
        """Says who it is going to be."""
        nodes = self.network.groups["cell1"]
        self.liar, self.honest = liar, [node for node in nodes if node is not liar]
        self.owner, self.member = f"owner{liar.number}", nodes.index(liar)
        self.innocent = (self.member + 1) % len(nodes)

    def check(self, good, text, detail=""):
        return checks.check(good, f"{self.protocol}: {text}", detail)

    def altered(self, era, blamed):
        """The evidence, said to be of another era, against another member."""
        begin = len(b"\x86\x73edgecord/evidence/1\x58\x20") + 32
        head = self.data[begin + 2:begin + 8]
        assert self.data[begin:begin + 2] == bytes([self.era, self.member]) and head[0] == 0x45
        return (self.data[:begin] + bytes([era, blamed]) + head[:2] + bytes([blamed]) + head[3:] +
                self.data[begin + 8:])

    def verdicts(self, path):
        return verdicts(path, self.genesis, self.through)

    def found(self):
        """Whoever heard both words names it.  Returns: whether."""
        names = wait_for(lambda: {(g["owner"], g["era"], g["member"])
                                  for node in self.honest for g in guilty(node)}, 30)
        if not self.check(names == {(self.owner, self.era, self.member)},
                          "who says two things is named, nobody else", names):
            return False
        witness = next(node for node in self.honest if guilty(node))
        out = run("status", "--node", witness.door)[1]
        self.check(f": {self.owner} (member {self.member} of era {self.era})" in out and
                   f"receipt --evidence {self.liar.key}" in out, "`edgecord status` names it, and "
                   "how to fetch the proof", out)
        self.check(wait_for(lambda: f"broke the protocol {self.protocol}" in witness.log(), 5),
                   f"{witness.name} logs it as an alarm")
        code, out, errors = run("receipt", "--evidence", self.owner, "-o", self.evidence, "--json",
                                "--node", os.path.join(self.network.folder, "cell1"))
        if not self.check(code == 0 and not wrong("receipt", out), "`edgecord receipt --evidence` "
                          "fetches it, from whichever member has it", (out, errors)):
            return False
        code, _, errors = run("receipt", "--evidence", f"owner{self.honest[0].number}", "-o",
                              self.evidence + "2", "--node", os.path.join(self.network.folder, "cell1"))
        self.check(code == 1 and "no node that answered has evidence" in errors,
                   "there is none against another", errors)
        with open(self.evidence, "rb") as file:
            self.data = file.read()
        return True

    def judged(self):
        """By the genesis, and what leads from it."""
        code, python, said = self.verdicts(self.evidence)
        self.check((code, python) == (0, 0) and self.liar.key in said and
                   f"guilty     {self.owner}, member {self.member} of era {self.era}" in said,
                   "offline both verifiers find it guilty", (code, python, said))
        more = ["--through", self.through] if self.through else []
        code, out, _ = run("verify", self.evidence, "--genesis", self.genesis, "--json", *more)
        self.check(code == 0 and not wrong("verify EVIDENCE", out), "`edgecord verify --json` is as "
                   "documented", wrong("verify EVIDENCE", out))

    def doubted(self):
        """What is not against it, or of another place."""
        other = Network(os.path.join(self.network.folder, "other"), "--cells", 1, "--cloud", 0,
                        "--homes", 1, "--members", 5, "--protocol", self.protocol)
        code, python, said = verdicts(self.evidence, other.genesis("cell1"))
        self.check((code, python) == (1, 1) and "of another group" in said,
                   "the genesis of another network refuses it", (code, python, said))
        cases = [("against an innocent", "innocent", (self.era, self.innocent), 1,
                  f"does not show that member {self.innocent}"),
                 ("of an era to come", "later", (self.era + 1, self.member), 2,
                  "--through" if self.era == 1 else f"leads to era {self.era} only")]
        if self.era > 1:
            cases.append(("of an era past", "past", (1, self.member), 1,
                          f"does not show that member {self.member} of era 1"))
            code, python, said = verdicts(self.evidence, self.genesis)
            self.check((code, python) == (2, 2) and "--through" in said, "the genesis alone does not "
                       "know the roster of its era", (code, python, said))
        for what, name, change, wanted, text in cases:
            path = written(self.network, name, self.altered(*change))
            code, python, said = self.verdicts(path)
            self.check((code, python) == (wanted, wanted) and text in said,
                       f"said to be {what} it proves nothing", (code, python, said))
            code, errors = self.retire(path, self.network.groups["cell1"][self.innocent]
                                       if name == "innocent" else self.liar)
            self.check(code == 1 and "the evidence proves nothing" in errors,
                       f"`node retire --evidence` with such, {what}, is refused", (code, errors))
        code, errors = self.retire(self.evidence, self.honest[0])
        self.check(code == 1 and f"the evidence is against another member, {self.owner}" in errors,
                   "`node retire --evidence` of another than it names is refused", (code, errors))
        self.check(all(node.status()["era"] == self.era for node in self.honest),
                   "nobody was voted out")

    def flipped(self):
        """A bit of it here and there."""
        differ, proves = [], []
        for at in range(0, len(self.data), FLIP_EVERY):
            flipped = bytearray(self.data)
            flipped[at] ^= 1 << at % 8
            code, python, said = self.verdicts(written(self.network, "flipped", flipped))
            differ += [(at, code, python, said)] if code != python else []
            proves += [at] if 0 in (code, python) else []
        self.check(not proves, "with any bit flipped it proves nothing", proves)
        self.check(not differ, "both verifiers say the same of that", differ[:3])

    def retire(self, evidence, node):
        more = ["--through", self.through] if self.through else []
        code, self.out, errors = run("node", "retire", "--evidence", evidence, *more, node.folder,
                                     "--json", timeout=90)
        return code, errors

    def evicted(self, copies):
        """By the votes of the others.  Returns: whether."""
        code, errors = self.retire(self.evidence, self.liar)
        if not self.check(code == 0 and not wrong("node retire", self.out), "`node retire "
                          "--evidence`: the others vote it out", (code, self.out, errors)):
            return False
        era = self.era + 1
        self.check(wait_for(lambda: all((s := n.status()) and s["era"] == era and s["voter"] and
                                        s["members"] == 4 for n in self.honest), 10),
                   "four members are left, all of them vote")
        self.check(wait_for(lambda: all((s := n.status()) and s["era"] == era and not s["voter"] and
                                        s["member"] is None for n in copies), 30),
                   "both copies learn that they have no seat", [n.status() for n in copies])
        return True

    def shut_out(self, copies):
        """Neither its doors nor its keys do anything any more."""
        note = Author(os.path.join(self.network.folder, "devices/cell1-home01.key"), self.genesis, 9)
        answers = [node.submit(note.note()) for node in copies]
        self.check(all(status == 503 for status, _ in answers), "their doors refuse clients",
                   answers)
        _, roster = self.honest[0].state("r/next")[0]
        again = b"\x82\x04" + proof.encode_bytes(roster.replace(
            b"roster/1" + bytes([self.era + 1]), b"roster/1" + bytes([self.era + 2])))
        said = {}
        for node in (self.liar, self.honest[0]):
            voter = Author(os.path.join(node.folder, "identity.key"), self.genesis, 0)
            voter.sequence = 1 << 60
            said[node.name] = self.honest[1].submit(voter.envelope(again))[1]
        self.check(said[self.liar.name]["result"] == "forbidden" and
                   said[self.honest[0].name]["result"] == "done",
                   "a vote by its key is refused, where the same by a member counts", said)

    def stays(self):
        """What proves it guilty outlives its seat and a restart."""
        witness = next(node for node in self.honest if guilty(node))
        witness.kill()
        witness.start()
        self.network.wait_ready([witness])
        said = guilty(witness)
        self.check([(g["owner"], g["identity_key"], g["evidence"]) for g in said] ==
                   [(None, self.liar.key, self.data.hex())], f"{witness.name} was killed and is "
                   "back: it still has the proof, by the key of who was evicted", said)
        self.check(f"a former member (member {self.member} of era {self.era})" in
                   run("status", "--node", witness.door)[1], "`edgecord status` says so")


    def second_era(self, author):
        """Another member changes its key, while nothing else goes on: who leads then goes on leading,
        and is stopped.  Returns: the id of a note from before; None: it could not be played."""
        before = Stream(self.honest, author, RATE, WORKERS)
        wait_for(before.count, 20)
        before.stop()
        code, _, errors = run("node", "rotate", self.honest[1].folder, "--json", timeout=90)
        leader = wait_for(self.network.leader, 10)
        if not self.check(code == 0 and before.done and not before.lost and leader,
                          "a member changes its key: an era before", (code, errors)):
            return None
        early = before.done[0][0]
        self.through = leads(self.check, self.network, early, "what leads to the roster", 1)
        os.rename(self.through, self.through + ".through")
        self.through += ".through"
        self.accuse(leader)
        self.liar.stop()
        self.honest[-1].stop()
        return early


def ended(trial, stream, early):
    """What must hold of all that was done."""
    trial.check(not stream.lost, "every note was acknowledged", len(stream.lost))
    trial.check(agreement(trial.honest), "the members are at one block with one header")
    missing, asked = unfound(trial.honest, stream)
    trial.check(asked and not missing, "no acknowledged write is lost", f"{missing} of {asked}")
    leads(trial.check, trial.network, early, "a note from before", trial.era)
    through = leads(trial.check, trial.network, stream.done[-1][0], "the last note", trial.era)
    code, python, said = verdicts(os.path.join(trial.network.folder, "later"), trial.genesis, through)
    trial.check((code, python) == (1, 1) and
                f"does not show that member {trial.member} of era {trial.era + 1}" in said,
                "said of the next era it is invalid: the member of that place is another",
                (code, python, said))


def acts(trial, copies, stream, early):
    if not trial.found() or not wait_for(stream.count, 20):
        return
    trial.judged()
    trial.doubted()
    trial.flipped()
    early = early or stream.done[0][0]
    if not trial.evicted(copies):
        return
    at = stream.count()
    trial.check(wait_for(lambda: stream.count() >= at + RATE, 20), "the load goes on")
    trial.shut_out(copies)
    trial.stays()
    stream.stop()
    ended(trial, stream, early)


def play(folder, protocol):
    network = Network(os.path.join(folder, protocol), "--cells", 1, "--cloud", 0, "--homes", 1,
                      "--members", 5, "--protocol", protocol, *OPTIONS[protocol])
    trial, copies, stream, early = Trial(network, protocol), [], None, None
    author = Author(os.path.join(network.folder, "devices/cell1-home01.key"), trial.genesis)
    try:
        if trial.era > 1:
            early = trial.second_era(author) if network.start() else None
            if not trial.check(early, "a cell of five is in its second era"):
                return
        copies = [trial.liar, copied(trial.liar, trial.honest)]
        for node in [*copies, *trial.honest]:
            if not node.is_alive():
                node.start()
        if trial.check(network.wait_ready(trial.honest), "a cell of five is ready, one of them twice"):
            stream = Stream(trial.honest, author, RATE, WORKERS)
            acts(trial, copies, stream, early)
    finally:
        if stream:
            stream.abandon()
        for node in copies:
            node.stop()
        network.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder")
    parser.add_argument("protocols", nargs="*", default=list(OPTIONS), metavar="PROTOCOL")
    wanted = parser.parse_args()
    if set(wanted.protocols) - set(OPTIONS):
        parser.error(f"protocols are {', '.join(OPTIONS)}")
    checks.play("evict", lambda folder: [play(folder, name) for name in wanted.protocols],
                wanted.folder)


main()
