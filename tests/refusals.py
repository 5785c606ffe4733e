#!/usr/bin/env python3
"""refusals.py NETWORK-FOLDER - what is no good is told apart, over both doors of a running node.

Each envelope that is wrong in one way must meet the answer of its own: refused by the door with its
reason, or ordered with its result; the same over HTTP and over the binary door; nothing is lost by
it.  What would break an invariant is refused alike by all members, and the group goes on.
"""
import hashlib
import http.client
import json
import os
import socket
import struct
import subprocess
import sys
import time

import network

proof, checks = network.proof, network.Checks()
YEAR_S = 365 * 86400
REASONS = {1: "malformed", 2: "invalid", 3: "too-large", 18: "signature", 19: "wrong-group"}
DONE, REFUSED, BYE = 67, 68, 75


class Binary:
    """One connection to the binary door."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.send(1, b"edgecord" + struct.pack("<H", 1))
        assert self.frame()[0] == 65

    def send(self, kind, fields):
        self.socket.sendall(struct.pack("<IBQ", 9 + len(fields), kind, 1) + fields)

    def read(self, size):
        data = b""
        while len(data) < size:
            chunk = self.socket.recv(size - len(data))
            if not chunk:
                raise OSError("the door closed")
            data += chunk
        return data

    def frame(self):
        frame = self.read(struct.unpack("<I", self.read(4))[0])
        return frame[0], frame[9:]

    def submit(self, salt, envelope):
        """Returns: the reason's or the result's name, and the sentence that came with it."""
        self.send(2, b"\x00" + salt + struct.pack("<I", len(envelope)) + envelope)
        kind, fields = self.frame()
        if kind == DONE:
            code, = struct.unpack_from("<H", fields, 32)
            return RESULTS[code], fields[32 + 2 + 8 + 4 + 4:].decode()
        reason, = struct.unpack_from("<H", fields)
        text = fields[2 + 4 + 4:] if kind == REFUSED else fields[2 + 4:]
        return REASONS.get(reason, reason), text.decode()


def results():
    """The names of src/ledger/result.h, by their numbers."""
    with open(os.path.join(network.ROOT, "src/ledger/result.h"), encoding="ascii") as file:
        rows = [line.split("X(")[1].split(",") for line in file if "\tX(" in line]
    return {int(row[1]): row[2].strip().strip('"') for row in rows}


RESULTS = results()


def submit_http(port, salt, envelope):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/v1/envelopes?wait=1", envelope,
                       {"Content-Type": "application/cose", "Edgecord-Salt": salt.hex()})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    if answer.status == 200:
        return body["result"], body.get("why", "")
    good = (answer.getheader("Content-Type") == "application/problem+json" and
            body["status"] == answer.status and body["title"] and body["remedy"])
    return body["type"].rsplit(":", 1)[1] if good else f"a bad problem detail: {body}", body["detail"]


class Maker(network.Author):
    """Envelopes that are wrong in one way, each with a sequence of its own."""

    def made(self, payload, **wrong):
        head, string = proof.encode_head, proof.encode_bytes
        self.sequence += 1
        place = (string(wrong.get("genesis", self.genesis)) + head(0, wrong.get("lane", self.lane)) +
                 head(0, wrong.get("sequence", self.sequence)) + head(0, wrong.get("expiry", 0)))
        items = [b"\x01\x27", b"\x04" + string(wrong.get("named", self.key)),
                 b"\x3a\x00\x01\x00\x00\x84" + place]
        protected = b"\xa3" + b"".join(reversed(items) if wrong.get("unsorted") else items)
        signed = b"\x84\x6aSignature1" + string(protected) + b"\x40" + string(payload)
        signature = bytearray(self.sign(signed))
        signature[40] ^= wrong.get("flip", 0)
        envelope = (b"\xd2\x84" + string(protected) + b"\xa0" + string(payload) +
                    string(bytes(signature)))
        return os.urandom(32), envelope

    def note_of(self, text=b"a note", **wrong):
        return self.made(b"\x82\x06" + proof.encode_bytes(text), **wrong)


def reading(folder, maker, at_s):
    """A reading that a clock far off dates, made by the program itself."""
    maker.sequence += 1
    path = os.path.join(folder, "reading")
    said = subprocess.run(
        [network.EDGECORD, "submit", "--key", maker.key_file, "--genesis", maker.genesis_file, "--reading",
         f"meter:{at_s // 900 * 900}:5:0", "--lane", str(maker.lane), "--sequence",
         str(maker.sequence), "-o", path, "--json"], capture_output=True, check=True)
    with open(path, "rb") as file:
        return bytes.fromhex(json.loads(said.stdout)["salt"]), file.read()


def forms(maker):
    """What is refused by its form, before anything else is looked at."""
    salt, good = maker.note_of()
    yield "nothing", "invalid", (salt, b"")
    yield "noise", "invalid", (salt, hashlib.shake_128(b"noise").digest(900))
    yield "half an envelope", "invalid", (salt, good[:-40])
    yield "a byte too many", "invalid", (salt, good + b"\0")
    yield "deeply nested", "invalid", (salt, b"\x81" * 4000)
    yield "deeply nested in its payload", "invalid", maker.made(b"\x82\x06" + b"\x81" * 900 + b"\0")
    yield "a number not in its shortest form", "invalid", maker.made(b"\x82\x18\x06\x41a")
    yield "a map out of order", "invalid", maker.note_of(unsorted=True)
    yield "an array without a length", "invalid", maker.made(b"\x9f\x06\x41a\xff")
    yield "no lane of ours", "invalid", maker.note_of(lane=2000)
    yield "sequence 0", "invalid", maker.note_of(sequence=0)
    yield "a payload that is no array", "invalid", maker.made(b"\x06")
    yield "an envelope beyond the limit", "too-large", maker.note_of(b"x" * 16384)
    yield "a flipped signature", "signature", maker.note_of(flip=1)
    yield "signed by another", "signature", maker.note_of(named=bytes(maker.key[:31]) + b"\1")
    yield "for another group", "wrong-group", maker.note_of(genesis=bytes(32))


def orders(folder, maker):
    """What is ordered, and refused by the ledger or a service."""
    now_s = int(time.time())
    yield "a good one", "done", maker.note_of()
    yield "a device that nobody enrolled", "stranger", maker.stranger().note_of()
    yield "an expiry that has passed", "expired", maker.note_of(expiry=1)
    yield "a strict lane's sequence left out", "gap", maker.note_of(lane=1000 + maker.lane,
                                                                  sequence=5)
    yield "a kind of no service", "unknown", maker.made(b"\x82\x18\x63\x01")
    yield "an order that is none", "malformed", maker.made(b"\x82\x02\x01")
    yield "what its role may not do", "forbidden", maker.made(
        b"\x84\x03" + proof.encode_bytes(bytes(32)) + b"\x01\x61x")
    yield "a clock a year ahead", "rule", reading(folder, maker, now_s + YEAR_S)
    yield "a clock a year behind", "rule", reading(folder, maker, now_s - YEAR_S)
    first = maker.note_of()
    yield "a sequence for the first time", "done", first
    yield "the same envelope again", "done", first
    yield "its sequence for another", "used", maker.note_of(b"other", sequence=maker.sequence)
    maker.sequence += 200
    yield "a high sequence", "done", maker.note_of()
    yield "one below the window", "old", maker.note_of(sequence=1)


def judge(door, submit, cases):
    said = {}
    for what, wanted, (salt, envelope) in cases:
        came, why = submit(salt, envelope)
        explained = wanted in ("done", "stranger", "expired", "gap", "unknown", "malformed",
                               "forbidden", "used", "old") or why
        checks.check(came == wanted and explained, f"{door}: {what}: {wanted}", (came, why))
        said[what] = (came, why)
    checks.check(said["a clock a year ahead"] != said["a clock a year behind"],
                 f"{door}: clocks ahead and behind are told apart")


def breaking(maker, payee):
    """Well-formed, by somebody enrolled, and no state may come of it."""
    head, string = proof.encode_head, proof.encode_bytes
    strict, most = 1000 + maker.lane, 2**63 - 1
    numbers = iter(range(1, 99))
    slot_s = int(time.time()) // 900 * 900 + 7200

    def pay(to, amount):
        return maker.made(b"\x83\x07" + string(to) + head(0, amount), lane=strict,
                          sequence=next(numbers))

    def order(side, energy):
        return maker.made(b"\x85\x02" + b"".join(head(0, n) for n in (slot_s, side, energy, 200000)))
    yield "more than it has", "rule", pay(payee, 1)
    yield "more than there is", "rule", pay(payee, most)
    yield "more than there is, to itself", "rule", pay(maker.key, most)
    yield "money for nobody", "rule", pay(bytes(32), 1)
    yield "nothing", "malformed", pay(payee, 0)
    yield "more energy than there is", "malformed", order(0, most)
    yield "a bid", "done", order(0, 500)
    yield "a trade with itself", "rule", order(1, 500)


def alike(cell, maker, payee):
    """Each by another gateway; all members must say the same of it."""
    for number, (what, wanted, (salt, envelope)) in enumerate(breaking(maker, payee)):
        _, answer = cell[number % len(cell)].submit((None, salt, envelope))
        path = f"/v1/envelopes/{answer.get('id')}"
        said = {network.wait_for(lambda node=node, path=path: (a := node.ask(path)) and
                                 (a["result"], a["code"], a["seq"]), 10) for node in cell}
        checks.check(said == {(wanted, answer.get("code"), answer.get("seq"))},
                     f"{what}: {wanted} on all {len(cell)} members", (answer, said))
    checks.check(network.agreement(cell), "after that all members are at one block with one header")
    checks.check(all(node.submit((None, *maker.note_of()))[1]["result"] == "done" for node in cell),
                 "and the group goes on, by every gateway")


def main():
    folder = sys.argv[1]
    with open(os.path.join(folder, "network.json"), encoding="utf-8") as file:
        node = json.load(file)["groups"][0]["nodes"][0]
    devices = os.path.join(folder, "devices")
    key = os.path.join(devices, sorted(n for n in os.listdir(devices) if n.endswith(".key"))[0])
    genesis = os.path.join(folder, "cell1/genesis")
    for lane, door in ((11, "HTTP"), (12, "binary")):
        maker = Maker(key, genesis, lane)
        maker.key_file, maker.genesis_file = key, genesis
        binary = Binary(node["door_port"])
        submit = binary.submit if door == "binary" else (
            lambda salt, envelope: submit_http(node["http_port"], salt, envelope))
        judge(door, submit, list(forms(maker)) + list(orders(folder, maker)))
    came = Binary(node["door_port"]).submit(bytes(32), b"x" * 20000)
    checks.check(came[0] == "too-large", "binary: a frame beyond the limit: told why, and closed", came)
    other = network.Author(key.replace("home01", "home02"), genesis)
    alike(network.Network(folder).groups["cell1"], Maker(key, genesis, 13), other.key)
    sys.exit(1 if checks.failed else 0)


main()
