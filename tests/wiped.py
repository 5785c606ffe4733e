#!/usr/bin/env python3
"""wiped.py - members lose their disks: one while the state is large and a helper lies, then all of
a cell in turn, and every receipt of before can be had afterwards.

usage: tests/wiped.py [MIB] [FOLDER]     default 64 MiB of names and values
It must come back as a learner with a new era key, take the state from the honest, name the liar,
download at most 1.2 x the state, and vote from the next era, which is not before it has the state;
then it fetches the older blocks.  The clock runs from its start to the state's being there.  That
group is one whose genesis says that signatures are not looked at (flag bit 0), so that filling it
takes a minute or two.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import hashlib
import os
import shutil
import socket
import struct
import sys
import threading
import time

from network import BUILD, Author, Checks, Network, Stream, agreement, preload, proof, run, wait_for

LIAR = os.path.join(BUILD, "liar.so")
NAME = 63  # bytes of an account's name, the longest
ITEM = 2 + 32 + 1 + 1 + 2 + NAME  # "a/" key; [roles, name]
SUBMIT, DONE, REFUSED, BUSY = 2, 67, 68, 4
DEPTH = 48  # under the window of a lane
NOTES = 200 # so that no protocol retains the first ones
checks = Checks()
check = checks.check


def unsigned(network):
    """Sets the flag in every copy of the genesis."""
    for where, _, files in os.walk(network.folder):
        for file in files:
            if file != "genesis":
                continue
            path = os.path.join(where, file)
            with open(path, "rb") as stream:
                data = stream.read()
            reader = proof.Reader(data)
            reader.head()
            for _ in range(3):
                reader.item()
            with open(path, "wb") as stream:
                stream.write(data[:reader.at] + b"\x01" + data[reader.at + 1:])


class Filler:
    """Enrols accounts by the binary door, in one lane on one connection."""

    def __init__(self, node, author, count):
        self.author, self.left, self.bad = author, count, 0
        self.link = socket.create_connection(("127.0.0.1", node.door_port))
        self.link.sendall(struct.pack("<IBQ", 19, 1, 0) + b"edgecord" + struct.pack("<H", 1))
        self.buffer, self.sent = b"", {}
        self.frame() # WELCOME
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def frame(self):
        while True:
            if len(self.buffer) >= 4:
                size = struct.unpack_from("<I", self.buffer)[0]
                if len(self.buffer) >= 4 + size:
                    frame, self.buffer = self.buffer[4:4 + size], self.buffer[4 + size:]
                    return frame
            chunk = self.link.recv(65536)
            if not chunk:
                raise OSError("the door closed")
            self.buffer += chunk

    def submit(self):
        author = self.author
        key = hashlib.sha256(b"%d %d" % (author.lane, author.sequence)).digest()
        payload = b"\x84\x03\x58\x20" + key + b"\x01\x78" + bytes([NAME]) + b"n" * NAME
        _, salt, envelope = author.envelope(payload)
        body = struct.pack("<BQB", SUBMIT, author.sequence, 0) + salt + struct.pack(
            "<I", len(envelope)) + envelope
        self.sent[author.sequence] = struct.pack("<I", len(body)) + body
        return self.sent[author.sequence]

    def again(self, frame):
        """Sends once more what the gateway was too busy for.  Returns: whether it was that."""
        token, reason, retry_ms = struct.unpack_from("<QHI", frame, 1)
        if frame[0] != REFUSED or reason != BUSY:
            return False
        time.sleep(retry_ms / 1000)
        self.link.sendall(self.sent[token])
        return True

    def work(self):
        while self.left or self.sent:
            span = self.author.sequence - min(self.sent) + 1 if self.sent else 0
            more = min(DEPTH - span, self.left)
            if more > 0:
                self.link.sendall(b"".join(self.submit() for _ in range(more)))
                self.left -= more
            frame = self.frame()
            if self.again(frame):
                continue
            del self.sent[struct.unpack_from("<Q", frame, 1)[0]]
            if frame[0] != DONE or struct.unpack_from("<H", frame, 41)[0] != 0:
                self.bad += 1


def fill(network, mib):
    """Returns: the least size of the state in bytes."""
    cell, genesis = network.groups["cell1"], network.genesis("cell1")
    count = (mib << 20) // ITEM // 8 + 1
    begin, fillers = time.monotonic(), []
    for lane in range(8):
        author = Author(os.path.join(cell[0].folder, "identity.key"), genesis, 100 + lane)
        author.sign = lambda message: bytes(64)
        fillers.append(Filler(cell[lane % 3], author, count))
    for filler in fillers:
        filler.thread.join()
    bad = sum(filler.bad for filler in fillers)
    seconds = time.monotonic() - begin
    print(f"   {8 * count} accounts in {seconds:.0f} s, {8 * count / seconds:.0f} a second")
    check(not bad, f"a state of {mib} MiB is written", f"{bad} of {8 * count} were refused")
    return 8 * count * ITEM


def moment(node, text):
    """When the newest line with this text was written, which may be a moment away."""
    lines = wait_for(lambda: [line for line in node.log().splitlines() if text in line], 10)
    return lines[-1].split()[0]


class Learner:
    """What a member that comes back says of itself, one look after the other."""

    def __init__(self, node):
        self.node, self.last, self.voted = node, None, False

    def look(self):
        """Returns: its status; None when it does not answer."""
        self.last = self.node.status()
        if self.last and not self.last["ready"]:
            self.voted |= self.last["voter"]
        return self.last

    def was_first(self, other, era):
        """Whether it had the state before another saw that era begin, by their logs."""
        return moment(self.node, "brought from others") < moment(other, f"era {era} begins")

    def is_level(self, others):
        return self.last["ready"] and self.last["seq"] >= min(o.status()["seq"] for o in others)

    def votes_in(self, era):
        return self.last["voter"] and self.last["ready"] and self.last["era"] == era


def wipe(network, state_bytes):
    cell = network.groups["cell1"]
    wiped, liar, others = cell[3], cell[1], cell[:3]
    liar.stop()
    liar.environment = {"LD_PRELOAD": LIAR}
    liar.start()
    network.wait_ready([liar], 60)
    wiped.kill()
    shutil.rmtree(os.path.join(wiped.folder, "data"))
    said = len(wiped.log())
    wiped.start()
    code = wait_for(lambda: wiped.process.poll(), 10)
    check(code and "--rejoin" in wiped.log()[said:], "without its data it does not start with its "
          "old era key", f"exit code {code}")
    wiped.process = None
    code, _, errors = run("node", "rejoin", wiped.folder, "--no-start")
    if not check(code == 0, "`edgecord node rejoin --no-start` makes it a new era key", errors):
        return
    era, learner = others[0].status()["era"], Learner(wiped)
    begin = time.monotonic()
    wiped.start()
    back = wait_for(lambda: learner.look() and learner.is_level(others), 60)
    seconds = time.monotonic() - begin
    check(back and learner.last["fetched_bytes"] and not learner.voted and
          not learner.last["voter"], "it is a learner until it has the state", learner.last)
    code, out, errors = run("node", "rejoin", wiped.folder, timeout=90)
    check(code == 0 and "has begun" in out and wait_for(
        lambda: learner.look() and learner.votes_in(era + 1), 20),
          "then its key is voted on, and it votes from the next era", (out, errors, learner.last))
    check(learner.was_first(others[0], era + 1), "not before it had the state")
    status = wiped.status()
    print(f"   back after {seconds:.2f} s, {status['fetched_bytes']} bytes fetched of a state of "
          f"{state_bytes} at least")
    of = f"a wiped member of a state of {state_bytes / (1 << 20):.0f} MiB, one helper lying"
    checks.figure(f"{of}: has the state", "under 20 s", f"{seconds:.1f} s", back and seconds < 20)
    # What was written behind the checkpoint that it was given came as blocks, not as a download.
    share = status["fetched_bytes"] / state_bytes
    checks.figure(f"{of}: downloads", "at most 1.2 x the state", f"{share:.3f} x",
                  0.8 < share <= 1.2)
    check(status["liar"] == liar.status()["owner"], "the liar is named in status", status["liar"])
    check("sent a wrong chunk" in wiped.log(), "and in the log")
    check(agreement(cell, 30), "all members are at one block with one header")
    check({network.balances(node) for node in cell} == {0}, "the books of all members balance")
    check(wait_for(lambda: (s := wiped.status()) and s["older_missing"] == 0, 180, 0.5),
          "the older blocks come in the background", wiped.status())
    older = wiped.status()["older_bytes"]
    print(f"   {older} bytes of older blocks fetched, {time.monotonic() - begin:.1f} s after the start")
    checks.figure(f"{of}: downloads with the older blocks, in the background", "shown",
                  f"{(status['fetched_bytes'] + older) / state_bytes:.3f} x the state")


def valid(network, node, identity, path):
    """Whether the node's receipt is there and holds by `edgecord verify`."""
    status, data = node.receipt(identity)
    if status != 200:
        return False
    with open(path, "wb") as file:
        file.write(data)
    return run("verify", path, "--genesis", network.genesis("cell1"))[0] == 0


def lose(network, node, early):
    """Takes a member's disk and brings it back.  Returns: whether it came."""
    others = [other for other in network.groups["cell1"] if other is not node]
    node.kill()
    shutil.rmtree(os.path.join(node.folder, "data"))
    agreement(others, 15)
    head, era, learner = others[0].status()["seq"], others[0].status()["era"], Learner(node)
    node.start("--rejoin")
    came = wait_for(lambda: (s := learner.look()) and s["ready"] and s, 30, 0.01)
    check(came and came["seq"] >= head, f"{node.name}: ready only at the head of an idle group",
          came and (came["seq"], head))
    check(not learner.voted and wait_for(lambda: learner.look() and learner.votes_in(era + 1), 30),
          f"{node.name}: comes back as a learner, votes in the next era", learner.last)
    check(learner.was_first(others[0], era + 1), f"{node.name}: not before it had the state")
    group = os.path.join(network.folder, "cell1")
    code, _, errors = run("receipt", early.hex(), "-o", os.path.join(network.folder, "early"),
                          "--node", group)
    check(code == 0, f"{node.name} is back: the group gives the oldest receipt at once", errors)
    return bool(came) and wait_for(lambda: node.status()["older_missing"] == 0, 60)


def lose_all_in_turn(folder):
    network = Network(folder, "--cells", 1, "--homes", 1)
    cell, path = network.groups["cell1"], os.path.join(folder, "proof")
    try:
        if not check(network.start(), "a signed cell of four is ready within 30 s"):
            return
        author = Author(os.path.join(cell[0].folder, "identity.key"), network.genesis("cell1"))
        stream = Stream(cell, author, rate=100)
        wait_for(lambda: stream.count() >= NOTES, 60)
        stream.stop()
        early = [identity for identity, _ in stream.done]
        for node in cell:
            if not check(lose(network, node, early[0]), f"{node.name}: has the older blocks"):
                return
            check(valid(network, node, early[0], path), f"{node.name}: gives an old receipt")
        for node in cell:
            lost = [i.hex() for i in early if not valid(network, node, i, path)]
            check(not lost, f"{node.name}: all {len(early)} receipts of before the losses verify",
                  f"{len(lost)} do not: {lost[:3]}")
    finally:
        network.stop()


def play(folder):
    mib = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    preload(LIAR, "liar.c")
    network = Network(os.path.join(folder, "network"), "--cells", 1, "--homes", 1)
    unsigned(network)
    try:
        if check(network.start(), "a cell of four is ready within 30 s"):
            wipe(network, fill(network, mib))
    finally:
        network.stop()
    lose_all_in_turn(os.path.join(folder, "turns"))


checks.play("wiped", play, *sys.argv[2:3])
