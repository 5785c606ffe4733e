#!/usr/bin/env python3
"""faults.py - a real cell with sick members: slow, torn, corrupt, computing something else.

usage: tests/faults.py [FOLDER]
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from network import (EDGECORD, MISPRICED, Author, Checks, Network, Stream, agreement, community_s,
                     crossing_orders, proof, unfound, wait_for)

RATE = 1800  # a quarter-hour in half a second
HALTED = 3
SLOT_S = 900
ORDERS_AHEAD = 10  # slots; homes order up to 8 ahead at this rate
checks = Checks()
check = checks.check


def level(node, others):
    """Whether it is ready and where the others are."""
    status, said = node.status(), [other.status() for other in others]
    return bool(status and status["ready"] and all(said) and
                status["seq"] >= max(s["seq"] for s in said) - 2)


def nothing_lost(cell, stream, what):
    """Of what was acknowledged since the last time."""
    missing, asked = unfound(cell, stream)
    check(asked and not missing, f"{what}: every acknowledged envelope is found in its block",
          f"{missing} of {asked} are missing")


def paused(cell, stream, node, what):
    """SIGSTOP: links stay open, nothing is said."""
    others = [other for other in cell if other is not node]
    stream.nodes = others # a client whose gateway hangs goes to another; not measured here
    time.sleep(0.5)
    begin, before = time.monotonic(), stream.count()
    node.process.send_signal(signal.SIGSTOP)
    time.sleep(6)
    worst = stream.worst(begin)
    check(stream.count() - before > 40 and worst < 2,
          f"{what} hangs for 6 s: commits go on, none is delayed by more than 2 s",
          f"{stream.count() - before} commits, {worst:.2f} s")
    newest = max(seq for _, seq in stream.done if seq)
    node.process.send_signal(signal.SIGCONT)
    begin = time.monotonic()
    read = wait_for(lambda: node.ask("/v1/state/total/metering?at=latest", timeout=20), 20)
    check(read and read["seq"] >= newest, f"{what} goes on: its next read at=latest is not stale",
          f"{read and read['seq']} of {newest}")
    check(wait_for(lambda: level(node, others), 20), f"{what} goes on: it catches up")
    print(f"   {what}: worst delay {worst:.2f} s, level after {time.monotonic() - begin:.2f} s")
    stream.nodes = cell


def newest_segment(node):
    folder = os.path.join(node.folder, "data/log")
    return os.path.join(folder, max(f for f in os.listdir(folder) if f.endswith(".log")))


def records_end(path):
    """Where the zeros of a preallocated segment begin."""
    with open(path, "rb") as file:
        return len(file.read().rstrip(b"\0"))


def torn_log(cell):
    """Half a record at the end, as a power loss leaves it."""
    node = cell[1]
    node.kill()
    path = newest_segment(node)
    end = records_end(path)
    with open(path, "r+b") as file:
        file.seek(end - 7)
        file.write(bytes(7))
    said = len(node.log())
    node.start()
    check(wait_for(lambda: level(node, [cell[0], cell[2]]), 20),
          "half a record at the end of the log: dropped, the node goes on")
    line = [line for line in node.log()[said:].splitlines() if "torn-tail" in line]
    check(len(line) == 1 and path in line[0] and "bytes=" in line[0],
          "half a record at the end of the log: the log says so, with file and bytes", line)
    told = re.search(r"bytes=(\d+)", " ".join(line))
    shown = re.search(r"^edgecord_log_torn_bytes (\d+)$", node.http("GET", "/metrics")[1].decode(),
                      re.MULTILINE)
    check(told and shown and told[1] == shown[1] != "0",
          "half a record at the end of the log: the metrics say how many bytes", (told, shown))


def corrupt_log(cell):
    """A flipped byte in the middle: it must not vote with what it does not remember."""
    node = cell[1]
    node.kill()
    path = newest_segment(node)
    middle = records_end(path) // 2
    with open(path, "r+b") as file:
        file.seek(middle)
        byte = file.read(1)
        file.seek(middle)
        file.write(bytes([byte[0] ^ 0x20]))
    node.start()
    code = wait_for(lambda: node.process.poll(), 10)
    last = node.log().strip().splitlines()[-1]
    check(code == HALTED and "--rejoin" in last, "a flipped byte in the middle of the log: refused, with "
          "place and remedy", f"exit code {code}: {last}")
    node.process = None
    return node


def rejoin(network, node, what):
    """A new era key, voted on by all members; the state comes from the others."""
    begin = time.monotonic()
    era = network.groups["cell1"][0].status()["era"]
    said = len(node.log())
    node.start("--rejoin")
    check(wait_for(lambda: "has begun" in node.log()[said:], 60),
          f"{what}: `edgecord node --rejoin` has the others vote", node.log()[said:][-300:])
    print("  ", node.log()[said:].strip().splitlines()[0])
    others = [other for other in network.groups["cell1"] if other is not node]
    check(wait_for(lambda: level(node, others), 30), f"{what}: it comes back",
          node.log()[-300:])
    status = node.status()
    check(status and status["voter"] and status["era"] == era + 1,
          f"{what}: it votes in the next era", status and (status["voter"], status["era"]))
    print(f"   {what}: back after {time.monotonic() - begin:.2f} s, "
          f"{status and status['fetched_bytes']} bytes fetched")


def traded_slots(node):
    summaries = [proof.decode(value, "a slot") for _, value in node.state("slot/") or []]
    return sum(summary[4] > 0 for summary in summaries)


def wrong_price(network, node):
    """It is built to compute another price: with the next trade it is outvoted, alone alarms, leaves,
    and does not come back by a mere start."""
    others = [other for other in network.groups["cell1"] if other is not node]
    node.stop()
    node.program = MISPRICED
    before = traded_slots(others[0])
    node.start()
    wait_for(lambda: level(node, others), 20)
    now_s = community_s(network.genesis("cell1"))[0]
    taken = crossing_orders(network, others[0], (now_s // SLOT_S + ORDERS_AHEAD) * SLOT_S)
    check(all(answer["result"] == "done" for _, answer in taken), "two homes want to trade", taken)
    code = wait_for(lambda: node.process.poll(), 30)
    check(code == HALTED, "a member that computes another price: it leaves", f"exit code {code}")
    check(traded_slots(others[0]) > before, "a member that computes another price: with a slot in "
          "which homes trade", (before, traded_slots(others[0])))
    if code is None:
        node.kill()
    node.process, node.program = None, EDGECORD
    check("divergence at block" in node.log(), "it alarms: divergence at block N",
          node.log()[-300:])
    check(not any("divergence" in other.log() for other in others), "it alone alarms")
    said = len(node.log())
    node.start()
    again = wait_for(lambda: node.process.poll(), 10)
    check(again == HALTED and "--rejoin" in node.log()[said:],
          "started again as it is: refused, the remedy is named",
          f"exit code {again}: {node.log()[said:]}")
    node.kill()


def small_disk(node):
    """Puts the data of a stopped node on a disk of 48 MiB.  Returns: whether that can be done."""
    data = os.path.join(node.folder, "data")
    shutil.copytree(data, data + ".copy")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=0700", "none", data],
                      capture_output=True, check=False).returncode != 0:
        return False
    shutil.copytree(data + ".copy", data, dirs_exist_ok=True)
    return True


def fill(path):
    """Takes all the space that is left."""
    with open(path, "wb", buffering=0) as file:
        for size in (65536, 4096, 512):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def leave_free(data, filler, percent):
    """Grows or cuts a filler so that this part of the disk is free."""
    disk = os.statvfs(data)
    size = os.path.getsize(filler) if os.path.exists(filler) else 0
    size += disk.f_bavail * disk.f_frsize - disk.f_blocks * disk.f_frsize * percent // 100
    with open(filler, "ab") as file:
        if size < file.tell():
            file.truncate(size)
        else:
            os.posix_fallocate(file.fileno(), 0, size)


def votes(network, stream, node, others):
    """Whether commits go on with another follower away: then they need the node's votes."""
    leader = wait_for(network.leader, 5)
    away = next(other for other in others if other is not leader)
    stream.nodes = [other for other in others if other is not away]
    away.stop()
    before, at = stream.count(), (node.status() or {}).get("seq", 0)
    good = wait_for(lambda: stream.count() > before + 20, 10) and wait_for(
        lambda: (node.status() or {}).get("seq", 0) > at + 10, 5)
    away.start()
    network.wait_ready([away], 20)
    stream.nodes = network.groups["cell1"]
    return good


def low_disk(network, stream, node, others):
    """Below a tenth it takes nothing from clients; what is left is for the protocol."""
    data = os.path.join(node.folder, "data")
    filler, said = os.path.join(data, "filler"), len(node.log())
    leave_free(data, filler, 7)
    refused = wait_for(lambda: b"disk" in node.http("GET", "/readyz")[1], 10)
    check(refused and "disk-low" in node.log()[said:], "7 % of the disk are free: clients are "
          "refused, the reason is told", node.log()[said:][-300:])
    status, answer = node.submit(stream.author.note(), timeout=3)
    check(status == 503 and answer["type"].endswith(":no-room"),
          "7 % of the disk are free: the refusal is no-room", (status, answer))
    check(votes(network, stream, node, others), "7 % of the disk are free: it executes and votes",
          node.log()[said:][-300:])
    check(not node.status()["disk_full"] and "disk-full" not in node.log()[said:],
          "7 % of the disk are free: the disk is not full", node.status())
    leave_free(data, filler, 11)
    size = os.statvfs(data).f_blocks * os.statvfs(data).f_frsize
    seen = wait_for(lambda: node.status()["disk_bytes_free"] > size * 105 // 1000, 10)
    check(seen and not node.is_ready(), "11 % of the disk are free: clients are still refused")
    leave_free(data, filler, 15)
    check(wait_for(node.is_ready, 10) and "disk-well" in node.log()[said:] and
          node.submit(stream.author.note())[0] == 200, "15 % of the disk are free: clients are "
          "taken again", node.log()[said:][-300:])
    os.unlink(filler)


def full_disk(network, stream, node):
    """It refuses clients, says why, promises nothing, and goes on by itself when there is space."""
    others = [other for other in network.groups["cell1"] if other is not node]
    data = os.path.join(node.folder, "data")
    node.stop()
    if not small_disk(node):
        print("skipped a full disk: mounting a small one needs root")
        node.start()
        return
    node.start()
    check(wait_for(lambda: level(node, others), 20), "it goes on with a small disk")
    low_disk(network, stream, node, others)
    stream.nodes = others  # a client whose gateway stands still goes to another
    time.sleep(0.5)
    begin, filler = time.monotonic(), os.path.join(data, "filler")
    fill(filler)
    refused = wait_for(lambda: not node.is_alive() or b"disk" in node.http("GET", "/readyz")[1], 10)
    check(refused and "disk-low" in node.log(), "a full disk: clients are refused, the reason is "
          "told", node.log()[-300:])
    status, answer = node.submit(stream.author.note(), timeout=3)
    check(status == 503 and answer["type"].endswith(":no-room"), "a full disk: the refusal is a "
          "problem of its own", (status, answer))
    # Saves find free pages in what they have: only a state that grows must ask the disk for more.
    full = wait_for(lambda: others[0].submit(stream.author.note(4000)) and node.is_alive() and
                    "disk-full" in node.log(), 30)
    line = [line for line in node.log().splitlines() if "disk-full" in line][-1:]
    check(full and all(text in line[0] for text in ("free_bytes=", "needed_bytes=", data)),
          "a full disk: the log says how much is free, what is needed, and where",
          node.log()[-300:])
    seq = (node.status() or {}).get("seq")
    time.sleep(3)
    status = node.status()
    check(status and not status["ready"] and status["disk_full"] and status["seq"] == seq,
          "a full disk: the node answers questions and promises nothing", (seq, status))
    check(stream.worst(begin) < 2, "a full disk: the others go on", stream.worst(begin))
    pid = node.process.pid
    os.unlink(filler)
    begin = time.monotonic()
    check(wait_for(lambda: level(node, others), 20) and node.is_alive() and node.process.pid == pid,
          "space again: the node goes on by itself, without a restart", node.log()[-300:])
    print(f"   a full disk: level {time.monotonic() - begin:.2f} s after there was space")
    check("disk-room" in node.log(), "space again: the log says so", node.log()[-300:])
    stream.nodes = network.groups["cell1"]


def play(folder):
    network = Network(os.path.join(folder, "network"), "--cells", 1, "--homes", 4, "--rate", RATE)
    cell = network.groups["cell1"]
    try:
        if not check(network.start(), "a cell of four is ready within 30 s"):
            return
        network.start_homes()
        author = Author(network.homes[0].key_file, network.genesis("cell1"))
        stream = Stream(cell, author)
        time.sleep(1)
        leader = wait_for(network.leader, 5)
        paused(cell, stream, next(n for n in cell if n is not leader), "a follower")
        paused(cell, stream, leader, "the leader")
        nothing_lost(cell, stream, "members that hang")
        torn_log(cell)
        nothing_lost(cell, stream, "a torn log")
        rejoin(network, corrupt_log(cell), "a corrupt log")
        nothing_lost(cell, stream, "a corrupt log")
        time.sleep(2)
        wrong_price(network, cell[2])
        rejoin(network, cell[2], "a diverged member")
        nothing_lost(cell, stream, "a diverged member")
        full_disk(network, stream, cell[3])
        nothing_lost(cell, stream, "a full disk")
        stream.stop()
        check(not stream.lost, "every note of the stream was acknowledged", len(stream.lost))
        check(agreement(cell), "all members are at one block with one header")
        check({network.balances(node) for node in cell} == {0}, "the books of all members balance")
    finally:
        network.stop()
        subprocess.run(["umount", os.path.join(cell[3].folder, "data")], capture_output=True,
                       check=False)


checks.play("faults", play, *sys.argv[1:2])
