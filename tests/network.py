"""network.py - a network on this machine for tests: made, started, killed and asked from outside.

Nodes and devices are the programs of build/; everything that is said to them goes through their
doors: the command line, and HTTP from a client of its own (CBOR, COSE and Ed25519 of
tools/verify_proof.py), so that a mistake must be made twice."""
import copy
import hashlib
import hmac
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import verify_proof as proof  # noqa: E402

BUILD = os.environ.get("EDGECORD_BUILD", os.path.join(ROOT, "build"))
EDGECORD = os.path.join(BUILD, "edgecord")
DEVICE = os.path.join(BUILD, "edgecord-device")
MISPRICED = os.path.join(BUILD, "edgecord-mispriced")
PLANTED = os.path.join(BUILD, "edgecord-planted")
NOTE = 6


def first_port():
    """A range of ports for a network of this process, below those of outgoing connections."""
    return 10000 + os.getpid() % 200 * 100


class Checks:
    """Prints a line a check and counts."""

    def __init__(self):
        self.failed = 0

    def check(self, good, text, detail=""):
        self.failed += 0 if good else 1
        print(("ok " if good else "FAIL ") + text + (f": {detail}" if detail and not good else ""),
              flush=True)
        return bool(good)

    def figure(self, text, goal, measured, reached=True):
        """A figure that ./test long lists; one that is not reached fails."""
        return self.check(reached, f"figure {text} | {goal} | {measured}")

    def play(self, name, part, folder=None):
        """A whole step: part(folder), then the end of the program.  A folder that was named stays;
        one made here goes, unless a check failed."""
        if not os.access(EDGECORD, os.X_OK):
            sys.exit(f"{EDGECORD} is not there; build it: tools/build release")
        made = folder or tempfile.mkdtemp(prefix=f"edgecord-{name}.")
        os.makedirs(made, exist_ok=True)
        begin = time.monotonic()
        part(made)
        print(f"   {time.monotonic() - begin:.0f} s", flush=True)
        if self.failed:
            print(f"   what it left stands in {made}")
        elif not folder:
            shutil.rmtree(made)
        sys.exit(1 if self.failed else 0)


def preload(library, *sources):
    """Builds C files of tests/ into a library for LD_PRELOAD."""
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-D_GNU_SOURCE", "-o", library,
                    *(os.path.join(ROOT, "tests", source) for source in sources),
                    "-ldl", "-lpthread"], check=True)


def run(*arguments, timeout=30, **options):
    """The command line.  Returns: code, output, errors."""
    done = subprocess.run([EDGECORD, *map(str, arguments)], capture_output=True, timeout=timeout,
                          check=False, **options)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode(
        "utf-8", "replace")


def wait_for(condition, seconds, pause=0.05):
    """Asks again until it holds.  Returns: what it gave last."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result or time.monotonic() > end:
            return result
        time.sleep(pause)


# ---- Signing ---------------------------------------------------------------------------------


def base_powers():
    powers, point = [], proof.BASE
    for _ in range(256):
        powers.append(point)
        point = proof.point_add(point, point)
    return powers


POWERS = base_powers()


def base_times(scalar):
    result = (0, 1, 1, 0)
    for bit, power in enumerate(POWERS):
        if scalar >> bit & 1:
            result = proof.point_add(result, power)
    return proof.point_encode(result)


class Author:
    """Who signs envelopes: the key of a file, in one lane of one group."""

    def __init__(self, key_file, genesis_file, lane=7):
        with open(genesis_file, "rb") as file:
            self.genesis = hashlib.sha256(file.read()).digest()
        with open(key_file, encoding="ascii") as file:
            self.take(bytes.fromhex(file.read().strip()))
        self.lane, self.sequence = lane, 0
        self.beside = {}

    def take(self, seed):
        """Becomes the one with this secret."""
        half = hashlib.sha512(seed).digest()
        self.seed, self.prefix = seed, half[32:]
        self.scalar = int.from_bytes(half[:32], "little") & ((1 << 254) - 8) | 1 << 254
        self.key = base_times(self.scalar)
        self.salt_key = hmac.digest(seed, b"edgecord/salt/1", "sha256")

    def in_lane(self, number):
        """The same author in a lane of its own, always the same one.  Who numbers envelopes together
        and submits them apart loses those that come 64 numbers too late."""
        if number not in self.beside:
            self.beside[number] = other = copy.copy(self)
            other.lane, other.sequence, other.beside = 20 * self.lane + number, 0, {}
        return self.beside[number]

    def stranger(self):
        """One who is enrolled nowhere, in the same place."""
        other = copy.copy(self)
        other.take(hashlib.sha256(self.seed).digest())
        return other

    def sign(self, message):
        nonce = int.from_bytes(hashlib.sha512(self.prefix + message).digest(), "little") % proof.L
        point = base_times(nonce)
        challenge = hashlib.sha512(point + self.key + message).digest()
        s = (nonce + int.from_bytes(challenge, "little") * self.scalar) % proof.L
        return point + s.to_bytes(32, "little")

    def envelope(self, payload):
        """Returns: id, salt, the envelope's bytes."""
        head, string = proof.encode_head, proof.encode_bytes
        self.sequence += 1
        protected = (b"\xa3\x01\x27\x04" + string(self.key) + b"\x3a\x00\x01\x00\x00\x84" +
                     string(self.genesis) + head(0, self.lane) + head(0, self.sequence) +
                     b"\x00")
        signed = (b"\x84\x6aSignature1" + string(protected) + b"\x40" + string(payload))
        identity = hashlib.sha256(signed).digest()
        envelope = (b"\xd2\x84" + string(protected) + b"\xa0" + string(payload) +
                    string(self.sign(signed)))
        return identity, hmac.digest(self.salt_key, identity, "sha256"), envelope

    def note(self, size=16):
        text = (b"note %d " % (self.sequence + 1)).ljust(size, b".")
        return self.envelope(b"\x82" + proof.encode_head(0, NOTE) + proof.encode_bytes(text))


def community_s(genesis_file):
    """(the community's time now, when it began)."""
    with open(genesis_file, "rb") as file:
        genesis = proof.Genesis(file.read())
    return (genesis.origin + genesis.rate * max(0, time.time_ns() - genesis.start)) // 10**9, \
        genesis.origin // 10**9


def crossing_orders(network, node, slot_s):
    """Two homes want to trade 700 Wh in a slot, at 150,000 to 250,000 micro-EUR/kWh.
    Returns: what was answered to each."""
    genesis, answers = network.genesis("cell1"), []
    for home, side, price in ((network.homes[0], 0, 250000), (network.homes[1], 1, 150000)):
        order = b"\x85\x02" + b"".join(proof.encode_head(0, number)
                                        for number in (slot_s, side, 700, price))
        answers.append(node.submit(Author(home.key_file, genesis, 9).envelope(order)))
    return answers


# ---- Processes ---------------------------------------------------------------------------------


class Node:
    """One node of a group; its folder is its truth, the process comes and goes."""

    def __init__(self, group, number, about):
        self.group, self.number, self.folder = group, number, about["folder"]
        self.name = f"{group}-node{number}"
        self.peer_port, self.door_port = about["peer_port"], about["door_port"]
        self.http_port, self.key = about["http_port"], about["identity_key"]
        self.process, self.environment, self.settings = None, {}, []
        self.program, self.host, self.inside = EDGECORD, "127.0.0.1", []

    @property
    def door(self):
        return f"{self.host}:{self.door_port}"

    def start(self, *options):
        arguments = [*self.inside, self.program, "node", "--config",
                     os.path.join(self.folder, "node.yaml"), *options]
        for setting in self.settings:
            arguments += ["--set", setting]
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL,
                                            env={**os.environ, **self.environment})

    def end(self, number):
        """Sends a signal and waits.  Returns: the exit code."""
        if self.process is None:
            return None
        self.process.send_signal(number)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait(20)
        self.process = None
        return code

    def kill(self):
        return self.end(signal.SIGKILL)

    def stop(self):
        return self.end(signal.SIGTERM)

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def last_line(self):
        """Why it ended, when it did by itself."""
        return (self.log().strip().splitlines() or [""])[-1]

    def http(self, method, path, body=None, headers=None, timeout=10.0):
        """Returns: status, bytes; (0, reason) when there is no answer."""
        connection = http.client.HTTPConnection(self.host, self.http_port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            return 0, str(error).encode()
        finally:
            connection.close()

    def ask(self, path, timeout=3.0):
        """A resource as JSON; None when there is no good answer."""
        status, body = self.http("GET", path, timeout=timeout)
        return json.loads(body) if status == 200 else None

    def status(self):
        return self.ask("/v1/status")

    def is_ready(self):
        return self.http("GET", "/readyz", timeout=1.0)[0] == 200

    def state(self, prefix):
        """All names that begin with the prefix, at what was executed here: [(name, value)]."""
        items, after = [], ""
        while True:
            answer = self.ask(f"/v1/state/{prefix}?prefix=1&limit=1000{after}")
            if answer is None:
                return None
            items += [(bytes.fromhex(i["name"]), bytes.fromhex(i["value"]))
                      for i in answer["items"]]
            if not answer["more"]:
                return items
            after = "&after=0x" + answer["items"][-1]["name"]

    def submit(self, envelope, wait=True, timeout=10.0):
        """Returns: status, JSON (or None)."""
        _, salt, data = envelope
        status, body = self.http("POST", "/v1/envelopes" + ("?wait=1" if wait else ""), data,
                                 {"Content-Type": "application/cose",
                                  "Edgecord-Salt": salt.hex()}, timeout)
        try:
            return status, json.loads(body)
        except ValueError:
            return status, None

    def receipt(self, identity):
        """Returns: status, the proof's bytes."""
        return self.http("GET", f"/v1/receipts/{identity.hex()}")


class Home:
    """One device process."""

    def __init__(self, network, cell, index):
        group = network.groups[cell]
        self.name = f"{cell}-home{index + 1:02d}"
        self.key_file = os.path.join(network.folder, "devices", self.name + ".key")
        self.log_file = os.path.join(network.folder, "devices", self.name + ".log")
        gateways = ",".join(group[(index + k) % len(group)].door for k in range(2))
        self.arguments = [DEVICE, "--key", self.key_file, "--gateways", gateways, "--genesis",
                          network.genesis(cell), "--profile", f"generated:1:{index}"]
        self.process = None

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.arguments, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)

    def stop(self, number=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(10)
        self.process = None

    def log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            return file.read()

    def waiting_slots(self):
        """After its end: how long the oldest reading without a receipt had waited."""
        return int(self.log().rsplit("oldest reading for ", 1)[-1].split()[0])


class Network:
    """The folder of a network and its processes."""

    def __init__(self, folder, *init):
        self.folder = folder
        if not os.path.exists(os.path.join(folder, "network.json")):
            code, _, errors = run("init", "--dir", folder, "--port", first_port(), *init)
            if code != 0:
                raise RuntimeError(errors)
        with open(os.path.join(folder, "network.json"), encoding="utf-8") as file:
            about = json.load(file)
        self.rate, self.homes_a_cell = about["rate"], about["homes"]
        self.groups = {group["name"]: [Node(group["name"], i + 1, node)
                                       for i, node in enumerate(group["nodes"])]
                       for group in about["groups"]}
        self.homes = []

    def genesis(self, group):
        return os.path.join(self.folder, group, "genesis")

    def nodes(self):
        return [node for group in self.groups.values() for node in group]

    def start(self, seconds=30):
        """Returns: whether all nodes were ready in time."""
        for node in self.nodes():
            node.start()
        return self.wait_ready(self.nodes(), seconds)

    @staticmethod
    def wait_ready(nodes, seconds=30):
        return wait_for(lambda: all(node.is_ready() for node in nodes), seconds)

    def start_homes(self, cell="cell1"):
        self.homes = [Home(self, cell, i) for i in range(self.homes_a_cell)]
        for home in self.homes:
            home.start()

    def stop(self):
        for home in self.homes:
            home.stop()
        for node in self.nodes():
            if node.process is not None:
                node.process.send_signal(signal.SIGCONT)
                node.process.send_signal(signal.SIGTERM)
        for node in self.nodes():
            node.stop()

    def leader(self, group="cell1"):
        """The node that leads now, as f+1 members say; None when they do not agree."""
        said = [(node, status) for node in self.groups[group]
                if node.is_alive() and (status := node.status())]
        names = [status["leader"] for _, status in said]
        for node, status in said:
            if names.count(status["owner"]) >= 2:
                return node
        return None

    def balances(self, node):
        """The sum over all accounts; None when the node does not answer."""
        items = node.state("b/")
        return None if items is None else sum(proof.decode(value, "balance") for _, value in items)


def agreement(nodes, seconds=15):
    """Waits until all are at one block with one header.  Returns: (seq, header), or None."""
    def equal():
        said = [node.status() for node in nodes]
        if any(s is None for s in said):
            return None
        at = {(s["seq"], s["header"]) for s in said}
        return at.pop() if len(at) == 1 else None
    return wait_for(equal, seconds)


def level(node, others):
    """Whether it is ready and where the others are, but for what is under way."""
    status, said = node.status(), [other.status() for other in others]
    return (status and status["ready"] and all(said) and
            status["seq"] >= max(s["seq"] for s in said) - 2)


def unfound(nodes, stream):
    """Looks for what was acknowledged since the last time.  A member that was away so long that it
    took the state from others has no blocks from before; one at least must have each.
    Returns: how many are missing, of how many."""
    def found(node, identity, seq):
        answer = node.ask(f"/v1/envelopes/{identity.hex()}")
        return answer is not None and answer["seq"] == (seq or answer["seq"])
    with stream.lock:
        done = stream.done[stream.judged:]
    stream.judged += len(done)
    return sum(not any(found(node, i, seq) for node in nodes) for i, seq in done), len(done)


class Stream:
    """A steady stream of notes to some nodes in turn; each is tried until it is in a block."""

    def __init__(self, nodes, author, rate=20, workers=4, give_up=20.0):
        self.nodes, self.author, self.give_up = nodes, author, give_up
        self.pause, self.running, self.abandoned = 1 / rate, True, False
        self.lock, self.next_at = threading.Lock(), time.monotonic()
        self.done, self.lost, self.spans = [], [], []
        self.pending = {}  # since when each request waits that has no end yet
        self.refused = self.judged = 0
        self.threads = [threading.Thread(target=self.work, args=(i,), daemon=True)
                        for i in range(workers)]
        for thread in self.threads:
            thread.start()

    def work(self, index):
        turn, author = index, self.author.in_lane(index)
        while True:
            with self.lock:
                if not self.running:
                    return
                at = self.next_at = max(self.next_at + self.pause, time.monotonic())
                envelope = author.note()
            time.sleep(max(0.0, at - time.monotonic()))
            self.send(envelope, turn)
            turn += 1

    def send(self, envelope, turn):
        begin = time.monotonic()
        with self.lock:
            self.pending[envelope[0]] = begin
        while time.monotonic() - begin < self.give_up and not self.abandoned:
            node = self.nodes[turn % len(self.nodes)]
            turn += 1
            status, answer = node.submit(envelope)
            if status == 200 and answer["result"] in ("done", "used"):
                with self.lock:
                    # A copy that came by another gateway is "used": the first one's block counts.
                    first = answer["seq"] if answer["result"] == "done" else None
                    self.done.append((envelope[0], first))
                    self.ended(envelope[0])
                return
            with self.lock:
                self.refused += 1
            time.sleep(0.02)
        with self.lock:
            self.lost.append(envelope[0])
            self.ended(envelope[0])

    def ended(self, identity):
        self.spans.append((self.pending.pop(identity), time.monotonic()))

    def stop(self):
        with self.lock:
            self.running = False
        for thread in self.threads:
            thread.join(self.give_up + 10)

    def abandon(self):
        """Ends without waiting for what is under way."""
        self.abandoned = True
        self.stop()

    def worst(self, since=0.0):
        """The longest that a note has waited, from its begin, of those that ended after `since` and
        those that still wait: also one that was on its way at `since`, and one that is stuck."""
        now = time.monotonic()
        with self.lock:
            waits = [end - begin for begin, end in self.spans if end >= since]
            return max(waits + [now - begin for begin in self.pending.values()], default=0.0)

    def count(self):
        with self.lock:
            return len(self.done)


def garbage(port, data, seconds=2.0):
    """Sends bytes to a port.  Returns: what came back until it was closed, or time was up."""
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
            connection.sendall(data)
            while chunk := connection.recv(65536):
                answer += chunk
    except OSError:
        pass
    return answer
