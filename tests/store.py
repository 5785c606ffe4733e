#!/usr/bin/env python3
"""store.py - keys and values of a cell of four, written and watched while members are killed.

usage: tests/store.py
Nothing acknowledged may be lost; a watch that goes on at another node shows every change once and
in order; compare-and-swap counts right; a lease whose client died ends; what is asked wrongly has
an answer and an exit code of its own.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import json
import os
import subprocess
import threading
import time

from documented import wrong
from network import EDGECORD, Author, Checks, Network, first_port, proof, run, wait_for
from store_rest import over_rest, signing, warned
from verify_proof_test import encode

WRITERS, COUNTERS, SECONDS = 3, 2, 12
checks = Checks()
check = checks.check


class Shop:
    """The command line of one network's store."""

    def __init__(self, network):
        self.cell = os.path.join(network.folder, "cell1")
        self.key = os.path.join(network.folder, "devices", "cell1-home01.key")
        self.operator = os.path.join(self.cell, "node1", "identity.key")

    def say(self, *words, timeout=5, **options):
        return run("store", *words, "--json", "--node", self.cell, "--timeout", timeout,
                   **options)

    def write(self, *words, **options):
        return self.say(*words, "--key", self.key, **options)

    def rule(self, *words, **options):
        return self.say(*words, "--key", self.operator, **options)


class Watch:
    """`edgecord store watch` from the first revision on, as it is said."""

    def __init__(self, shop, *words):
        self.path = os.path.join(shop.cell, "watched")
        with open(self.path, "wb") as out:
            self.process = subprocess.Popen(
                [EDGECORD, "store", "watch", *words, "--revision", "1", "--json", "--node",
                 shop.cell, "--timeout", "8"], stdout=out, stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)

    def changes(self):
        with open(self.path, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def stop(self):
        self.process.kill()
        self.process.wait()


class Load:
    """Writers that put growing numbers under keys of their own, and some that count together."""

    def __init__(self, shop, *work):
        self.shop, self.running, self.lock = shop, True, threading.Lock()
        self.acknowledged, self.counted, self.unsure = [], 0, 0
        does = {"put": self.put, "count": self.count, "blink": self.blink}
        self.threads = [threading.Thread(target=does[what], args=(i,))
                        for i, what in enumerate(work)]
        for thread in self.threads:
            thread.start()

    def put(self, number):
        value = 0
        while self.running:
            value += 1
            key = f"own/{number}/{value % 5}"
            code, out, _ = self.shop.write("put", key, value)
            if code == 0:
                with self.lock:
                    self.acknowledged.append((json.loads(out)["revision"], key, str(value)))

    def blink(self, number):
        while self.running:
            self.shop.write("put", f"blink/{number}", "on")
            self.shop.write("delete", f"blink/{number}")

    def count(self, _):
        """Adds one, only to what it read; without an answer it may have been added or not."""
        while self.running:
            code, out, _ = self.shop.say("get", "counter")
            if code == 3:
                self.shop.write("cas", "counter", 0, "--if-missing")
            if code != 0:
                continue
            said = json.loads(out)
            code = self.shop.write("cas", "counter", int(said["value"]) + 1, "--if-revision",
                                   said["mod"])[0]
            with self.lock:
                self.counted += code == 0
                self.unsure += code == 1

    def stop(self):
        self.running = False
        for thread in self.threads:
            thread.join()


def killings(network):
    """The node that a watch asks first, then the leader, end without a word, and come back."""
    first = network.groups["cell1"][0]
    for victim in (first, None):
        time.sleep(SECONDS / 4)
        victim = victim or network.leader() or network.groups["cell1"][1]
        victim.kill()
        time.sleep(SECONDS / 4)
        victim.start()
    check(network.wait_ready(network.groups["cell1"], 40), "the members that were killed are back")


def history_judge(load, changes):
    """What the watch showed is one history, and holds all that was acknowledged."""
    places = [(change["revision"], change["index"]) for change in changes]
    expected = [(1, 0)]
    for revision, index in places[1:]:
        expected.append((revision, index) if index and (revision, index - 1) == expected[-1]
                        else (expected[-1][0] + 1, 0))
    check(places == expected, "the watch shows every change once, in order, without a gap",
          next(((a, b) for a, b in zip(places, expected) if a != b), None))
    shown = {change["revision"]: (change["key"], change.get("value")) for change in changes}
    lost = [write for write in load.acknowledged if shown.get(write[0]) != write[1:]]
    check(len(load.acknowledged) > 50 and not lost, "every acknowledged put is in the history, at "
          f"the revision that it was told ({len(load.acknowledged)} of them)", lost[:3])


def state_judge(shop, load, changes):
    """What stands there now is what the history led to, at every node."""
    expected = {}
    for change in changes:
        expected.pop(change["key"], None)
        if change["change"] == "put":
            expected[change["key"]] = change["value"]
    code, out, errors = shop.say("range", "own/", "--limit", 3)
    items, pages = [], 1
    while code == 0:
        said = json.loads(out)
        items += said["items"]
        if not said["more"]:
            break
        code, out, errors = shop.say("range", "own/", "--limit", 3, "--after", said["next"])
        pages += 1
    own = {key: value for key, value in expected.items() if key.startswith("own/")}
    check(code == 0 and {item["key"]: item["value"] for item in items} == own and pages > 1,
          f"a range, page by page, is what the changes led to ({len(items)} keys)", errors)
    check(not wrong("store range", out), "range: one object as documented",
          wrong("store range", out))
    said = json.loads(shop.say("get", "counter")[1])
    check(load.counted <= int(said["value"]) <= load.counted + load.unsure,
          f"compare-and-swap counted right: {said['value']}",
          (load.counted, load.unsure))
    for at in "local", "certified":
        code, out, errors = shop.say("get", "counter", "--at", at)
        check(code == 0 and not wrong("store get", out), f"get --at {at}", (errors, out))


def over_http(network, changes):
    """Every node tells the same over HTTP, once it has followed the others."""
    def same(node):
        said, told, place = node.ask("/v1/store/keys/counter"), [], "revision=1"
        while len(told) < len(changes) and (answer := node.ask(f"/v1/store/watch/?{place}", 9)):
            told += answer["changes"]
            place = f"revision={answer['next_revision']}&index={answer['next_index']}"
        return said and said["revision"] == changes[-1]["revision"] and told == changes

    for node in network.groups["cell1"]:
        check(wait_for(lambda node=node: same(node), 20),
              f"{node.name}: the key and all changes over HTTP", node.ask("/v1/status"))


def snapshot_judge(network, changes, said):
    """What a snapshot holds is what all changes up to its revision led to."""
    expected = {}
    for change in changes:
        if change["revision"] > said["revision"]:
            break
        expected.pop(change["key"], None)
        if change["change"] == "put":
            expected[change["key"]] = change["value"]
    with open(os.path.join(network.folder, "busy"), "rb") as file:
        proofs = proof.decode(file.read(), "a snapshot")[3]
    check(said["keys"] == len(expected) and len(proofs) >= 160,
          f"the snapshot that was taken under load has all {len(expected)} keys", said)


def under_kills(network, shop, snapshot):
    watch, load = Watch(shop), Load(shop, *["put"] * WRITERS, *["count"] * COUNTERS)
    killings(network)
    load.stop()
    newest = json.loads(shop.say("range", "--limit", 1)[1])["revision"]
    done = wait_for(lambda: (watch.changes() or [{"revision": 0}])[-1]["revision"] >= newest, 20)
    check(done, "the watch comes to the newest revision, past the members that were killed")
    changes = watch.changes()
    watch.stop()
    snapshot_judge(network, changes, snapshot)
    history_judge(load, changes)
    state_judge(shop, load, changes)
    over_http(network, changes)


def leases(shop):
    code, out, errors = shop.write("lease", "grant", 2)
    check(code == 0 and not wrong("store lease", out), "a lease is granted", errors)
    lease = json.loads(out)["lease"]
    code, out, _ = shop.write("put", "alive", "client", "--lease", lease)
    check(code == 0 and not wrong("store txn", out), "a key is bound to it", out)
    gone = wait_for(lambda: shop.say("get", "alive")[0] == 3, 20)
    check(gone, "a client that is dead keeps nothing alive: its key goes with the lease")
    code, _, errors = shop.write("lease", "keep", lease)
    check(code == 1 and "no such lease" in errors, "what has ended is not kept alive", errors)
    time.sleep(6)  # the order's clock stands still meanwhile
    begin = time.monotonic()
    lease = json.loads(shop.write("lease", "grant", 3)[1])["lease"]
    shop.write("put", "alive", "client", "--lease", lease)
    wait_for(lambda: shop.say("get", "alive")[0] == 3, 20)
    lasted = time.monotonic() - begin
    check(3 <= lasted < 13, "a lease of 3 s that an idle group grants lasts for 3 s", lasted)


def transactions(shop):
    code, out, errors = shop.write("txn", "if t/a mod = 0", "then put t/a two words",
                                   "then put t/b 0x00ff", "else delete t/a")
    check(code == 0 and not wrong("store txn", out), "a transaction of two keys", (out, errors))
    first = json.loads(out)["revision"]
    code, out, _ = shop.say("range", "t/")
    items = json.loads(out)["items"]
    check([(item["key"], item["value"], item["mod"]) for item in items] ==
          [("t/a", "two words", first), ("t/b", "0x00ff", first)],
          "both are there, by one revision", items)
    code, out, _ = shop.write("txn", input=b"if t/a mod = 0\nelse delete t/a\n")
    check(code == 4 and json.loads(out)["mod"] == first,
          "lines from standard input; a compare that does not hold has exit code 4", (code, out))
    check(shop.say("get", "t/a")[0] == 3, "and the other branch was taken")


def refusals(network, shop):
    big = "x" * 15001
    for what, words, wanted, why in (
            ("a value above the genesis's limit", ("put", "k", big), 1, "larger than this store"),
            ("a value above any limit", ("put", "k", "x" * 65281), 2, "at most 65280 bytes"),
            ("a key of 81 bytes", ("put", "k" * 81, "v"), 2, "1 to 80 bytes"),
            ("compare-and-swap on a missing key", ("cas", "no", "v", "--if-value", "x"), 4, ""),
            ("both values from standard input", ("cas", "k", "-", "--if-value", "-"), 2, "only one"),
            ("delete of a missing key", ("delete", "no"), 3, ""),
            ("get of a missing key", ("get", "no"), 3, "no such key"),
            ("a put without a condition of cas", ("put", "k", "v", "--if-missing"), 2, "cas takes"),
            ("a range without end", ("range", "--limit", 5000), 2, "--limit"),
            ("17 operations", ("txn", *(f"then put k{i} v" for i in range(17))), 2, "at most 16"),
            ("no verb", (), 2, "what is to be done"),
            ("another verb", ("fetch",), 2, "'fetch' is none of")):
        code, _, errors = shop.write(*words)
        check(code == wanted and why in errors, f"{what}: exit code {wanted}", (code, errors[:300]))
    code, _, errors = shop.say("put", "k", "v")
    check(code == 2 and "who writes it?" in errors, "a put without a key: exit code 2", errors)
    stranger = os.path.join(network.folder, "stranger.key")
    with open(stranger, "w", encoding="ascii") as file:
        os.chmod(stranger, 0o600)
        file.write("11" * 32 + "\n")
    code, _, errors = shop.say("put", "k", "v", "--key", stranger)
    check(code == 1 and "not enrolled" in errors, "who is not enrolled writes nothing", errors)


def forged(path, change, at=3):
    """A snapshot with another list of proofs."""
    with open(path, "rb") as file:
        parts = proof.decode(file.read(), "a snapshot")
    parts[at] = change(parts[at])
    with open(path + ".forged", "wb") as file:
        file.write(encode(parts))
    return path + ".forged"


def damage(shop, copy, older, genesis):
    """What is no whole snapshot is refused, whoever made it."""
    with open(copy, "rb") as file:
        whole = file.read()
    with open(older, "rb") as file:
        old = proof.decode(file.read(), "a snapshot")[3]
    middle = len(whole) // 2
    for name, data in (("cut", whole[:middle]), ("empty", b""), ("flipped", whole[:middle] + bytes(
            [whole[middle] ^ 1]) + whole[middle + 1:])):
        with open(copy + "." + name, "wb") as file:
            file.write(data)
        code, out, errors = shop.say("verify", f"{copy}.{name}", "--genesis", genesis)
        check(code == 1 and not out and errors, f"a snapshot that is {name} is refused", errors)
    for what, change, why in (
            ("with a key left out", lambda proofs: proofs[1:], "the store had"),
            ("with a key twice", lambda proofs: proofs[:1] + proofs, "ascending"),
            ("with a key as it was before", lambda proofs: old[:1] + proofs[1:],
             "older than the first head")):
        code, out, errors = shop.say("verify", forged(copy, change), "--genesis", genesis)
        check(code == 1 and not out and why in errors, f"a snapshot {what} is refused", errors)


def under_load(network, shop):
    """A snapshot of a store whose keys change and come and go all the time, and what it shows at
    its revision."""
    copy, genesis = os.path.join(network.folder, "busy"), network.genesis("cell1")
    load, changes = Load(shop, "put", "blink"), []
    wait_for(lambda: len(load.acknowledged) > 20, 10)
    for i in range(40):  # the more keys there are the longer it takes
        for half in range(20):
            shop.write("txn", *(f"then put busy/{i}/{half}/{k} 0" for k in range(16)))
        code, out, errors = shop.say("snapshot", copy, "--genesis", genesis, timeout=20)
        with open(copy, "rb") as file:
            changes = proof.decode(file.read(), "a snapshot")[5]
        if code != 0 or len(changes) > 4:
            break
    load.stop()
    said = json.loads(out or '{"revision":0}')
    check(code == 0, "a snapshot while others write", errors)
    check(len(changes) > 4, f"with proofs of what was written meanwhile ({len(changes)})")
    for what, change in (("left out", lambda list: list[:-1]), ("gone", lambda list: []),
                         ("twice", lambda list: list + list[-2:]),
                         ("before another", lambda list: list[2:4] + list[:2] + list[4:])):
        code, out, errors = shop.say("verify", forged(copy, change, 5), "--genesis", genesis)
        check(code == 1 and "changes" in errors, f"one with a change {what} is refused", errors)
    return said


def cut_off(target, other, expected):
    """A restoration that another program began, and left: one is abandoned, one stands."""
    node, author = other.groups["cell1"][0], Author(target.operator, other.genesis("cell1"))
    first = sorted(expected)[0]

    def begin(value):
        node.submit(author.envelope(encode([13, 0])))
        return node.submit(author.envelope(encode([10, [], [[0, first.encode(), value, 0]], []])))

    check(begin(b"another")[1]["result"] == "done", "a restoration begins, and is left")
    code, _, errors = target.say("get", first)
    check(code == 1 and "being restored" in errors, "nobody sees a part of it", errors)
    code, _, errors = target.write("put", "mine", "x")
    check(code == 1 and "only operators write" in errors, "nor writes beside it", errors)
    code, out, errors = target.rule("abandon")
    check(code == 0 and not wrong("store own", out), "it is abandoned", errors)
    check(target.say("get", first)[0] == 3, "and the store is open, and empty")
    begin(expected[first].encode())


def owners(network, shop):
    """A prefix that is given to somebody takes nobody else's writes."""
    code, out, errors = shop.rule("own", "site/", Author(shop.key, network.genesis("cell1")).key.hex())
    check(code == 0 and not wrong("store own", out), "an operator gives a prefix away", errors)
    code, _, errors = shop.rule("put", "site/limit", "1")
    check(code == 1 and "another's" in errors, "then it may not write there itself", errors)
    check(shop.write("put", "site/limit", "2")[0] == 0, "its owner may")
    code, _, errors = shop.rule("own", "site/", "operator")
    check(code == 1 and "another's" in errors, "nor take it back", errors)
    code, _, errors = shop.rule("own", "site/a/", "operator")
    check(code == 1 and "begins with a prefix" in errors, "nor give a part of it away", errors)
    code, out, errors = shop.say("owners", "--at", "local")
    check(code == 0 and not wrong("store owners", out) and
          [item["prefix"] for item in json.loads(out)["items"]] == ["site/"], "who owns what", out)
    check(shop.write("own", "site/", "gateway,operator")[0] == 0, "the owner hands it on")
    check(shop.write("put", "site/limit", "3")[0] == 1 and
          shop.rule("put", "site/limit", "3")[0] == 0, "to roles: who has one writes")
    check(shop.rule("own", "site/", "nobody")[0] == 0 and
          shop.write("delete", "site/limit")[0] == 0, "what is given up is everybody's")
    check(shop.rule("own", "site", "operator")[0] == 2, "a prefix ends in a slash")


def snapshots(network, shop, other):
    """All keys at one revision, proven, and brought into a new network."""
    copy, older = os.path.join(network.folder, "copy"), os.path.join(network.folder, "older")
    genesis = network.genesis("cell1")
    shop.write("put", "a/first", "old")
    shop.say("snapshot", older, "--genesis", genesis)
    shop.write("put", "a/first", "new")
    shop.write("put", "bound", "x", "--lease",
               json.loads(shop.write("lease", "grant", 600)[1])["lease"])
    keys = json.loads(shop.say("range")[1])["items"]
    code, out, errors = shop.say("snapshot", copy, "--genesis", genesis)
    said = json.loads(out or "{}")
    check(code == 0 and not wrong("store snapshot", out) and said["keys"] == len(keys),
          f"a snapshot of {len(keys)} keys", (out, errors))
    damage(shop, copy, older, genesis)
    target, into = Shop(other), (copy, "--genesis", genesis)
    code, _, errors = target.rule("restore", *into)
    check(code == 1 and "of another network" in errors,
          "a snapshot of another network is refused unless that is meant", errors)
    code, _, errors = target.rule("restore", copy, "--genesis", other.genesis("cell1"),
                                  "--other-network")
    check(code == 1 and "another group than this genesis" in errors,
          "a snapshot is judged by its own genesis alone", errors)
    code, _, errors = target.write("restore", *into, "--other-network")
    check(code == 1 and "only operators restore" in errors, "others do not restore", errors)
    expected = {item["key"]: item["value"] for item in keys if not item["lease"]}
    cut_off(target, other, expected)
    code, out, errors = target.rule("restore", *into, "--other-network")
    check(code == 0 and not wrong("store restore", out) and json.loads(out)["left_out"] == 1,
          "it is gone on with, into another network, but for the key of a lease", (out, errors))
    restored = {item["key"]: item["value"] for item in json.loads(target.say("range")[1])["items"]}
    check(restored == expected, f"all {len(expected)} keys and values stand there",
          set(restored.items()) ^ set(expected.items()))
    code, _, errors = target.rule("restore", *into, "--other-network")
    check(code == 1 and "there are keys" in errors, "nothing that stands there is written over",
          errors)
    code, out, errors = target.say("snapshot", copy, "--genesis", other.genesis("cell1"))
    said = json.loads(out or "{}")
    check(code == 0 and not wrong("store snapshot", out) and "raft" in said["trusted_eras"] and
          said["keys"] == len(expected), "a snapshot of a group whose protocol stands crashes only "
          "says that it holds if no member lied", (out, errors))


def part(folder):
    network = Network(folder, "--homes", 1, "--store")
    other = Network(os.path.join(folder, "other"), "--homes", 1, "--store", "--name", "other",
                    "--protocol", "raft", "--members", 3, "--port", first_port() + 50)
    signing(network)
    try:
        if not check(network.start() and other.start(), "a cell of four by PBFT and one of three "
                     "by Raft, with stores, are up"):
            return
        shop = Shop(network)
        transactions(shop)
        leases(shop)
        refusals(network, shop)
        owners(network, shop)
        over_rest(check, network, shop)
        snapshots(network, shop, other)
        other.stop()
        snapshot = under_load(network, shop)
        under_kills(network, shop, snapshot)
        warned(check, network.groups["cell1"][2])
    finally:
        other.stop()
        network.stop()


checks.play("store", part)
