#!/usr/bin/env python3
"""verify_proof_test.py - the verifier against vectors, and proofs made here by the document.

Prints `ok`, `FAIL` or `skipped` lines; exit 1 when something failed."""
import functools
import hashlib
import hmac
import json
import os
import struct
import subprocess
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import shared_keys as k  # noqa: E402
import verify_proof as v  # noqa: E402

v.ed25519_verify = functools.lru_cache(maxsize=None)(v.ed25519_verify)

SHARED = os.environ.get("EDGECORD_SHARED", "../shared")


class Skipped(Exception):
    pass


def shared(name):
    path = os.path.join(SHARED, name)
    if not os.path.exists(path):
        raise Skipped(f"{path}: not there (EDGECORD_SHARED names its folder)")
    return path


# ---- What makes proofs ---------------------------------------------------------------------


def encode(item):
    if item is None or isinstance(item, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[item]
    if isinstance(item, int):
        return v.encode_head(0, item) if item >= 0 else v.encode_head(1, -1 - item)
    if isinstance(item, bytes):
        return v.encode_bytes(item)
    if isinstance(item, str):
        return v.encode_head(3, len(item.encode())) + item.encode()
    if isinstance(item, list):
        return v.encode_head(4, len(item)) + b"".join(map(encode, item))
    if isinstance(item, dict):
        pairs = sorted((encode(k), encode(x)) for k, x in item.items())
        return v.encode_head(5, len(pairs)) + b"".join(k + x for k, x in pairs)
    return v.encode_head(6, item.number) + encode(item.item)


class Key:
    def __init__(self, name):
        self.seed = v.sha256(name.encode())
        digest = hashlib.sha512(self.seed).digest()
        self.scalar = (int.from_bytes(digest[:32], "little") & ((1 << 254) - 8)) | 1 << 254
        self.prefix = digest[32:]
        self.key = v.point_encode(v.point_times(self.scalar, v.BASE))

    def sign(self, message):
        r = int.from_bytes(hashlib.sha512(self.prefix + message).digest(), "little") % v.L
        point = v.point_encode(v.point_times(r, v.BASE))
        k = int.from_bytes(hashlib.sha512(point + self.key + message).digest(), "little") % v.L
        return point + ((r + k * self.scalar) % v.L).to_bytes(32, "little")


def tree(leaves):
    if not leaves:
        return v.sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return v.tree_node(tree(leaves[:split]), tree(leaves[split:]))


def path_of(leaves, index):
    if len(leaves) == 1:
        return []
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < split:
        return path_of(leaves[:split], index) + [tree(leaves[split:])]
    return path_of(leaves[split:], index - split) + [tree(leaves[:split])]


def state_tree(pairs, depth=0):
    """Root of (place, leaf) pairs that share `depth` bits."""
    if len(pairs) < 2:
        return pairs[0][1] if pairs else bytes(32)
    sides = [[p for p in pairs if v.bit_of(p[0], depth) == bit] for bit in (0, 1)]
    return v.sha256(b"\x01", state_tree(sides[0], depth + 1), state_tree(sides[1], depth + 1))


def state_path(pairs, place, depth=0):
    """(siblings, what stands at the end: a pair or None)."""
    if len(pairs) < 2:
        return [], pairs[0] if pairs else None
    same = [p for p in pairs if v.bit_of(p[0], depth) == v.bit_of(place, depth)]
    other = [p for p in pairs if p not in same]
    rest, end = state_path(same, place, depth + 1)
    return [state_tree(other, depth + 1)] + rest, end


def roster_bytes(era, count, name, weights=(), protocol="pbft", keys=()):
    weights = (*weights, *[1] * count)
    members = [[Key(f"identity {name} {i}").key, Key(f"era {era} {name} {i}").key, weights[i], 3,
                f"owner-{i}", f"site-{i}"] for i in range(count)]
    return encode(["edgecord/roster/1", era, protocol, b"", members, *keys])


def genesis_bytes(name, flags=0, cells=(), roster=None):
    return encode(["edgecord/genesis/1", "net", name, flags, roster or roster_bytes(1, 4, name),
                   [10**18, 1, 10**18], [65536, 1000, 1 << 20, 100], [["metering", b"\xf6"]],
                   [[k, 1, "home"] for k in sorted(Key(f"home {i}").key for i in range(3))],
                   [list(c) for c in cells]])


class Dealt:
    """A key that n voters share, by a dealer who knows its polynomial."""

    def __init__(self, n, needed, name="dealt"):
        self.polynomial = [self.scalar(f"{name} {i}".encode()) for i in range(needed)]
        self.commitments = b"".join((x * k.BASE).encode() for x in self.polynomial)
        self.n = n

    @staticmethod
    def scalar(data):
        return int.from_bytes(hashlib.sha512(data).digest(), "little") % k.ORDER

    def part(self, voter):
        return sum(x * (voter + 1) ** i for i, x in enumerate(self.polynomial)) % k.ORDER

    def share(self, voter, name):
        """Its share of the coin of that name, with the proof."""
        half = k.uniform("edgecord coin name", self.commitments[:32], name)
        base, part = k.mapped(half[:32]) + k.mapped(half[32:]), self.part(voter)
        key, image = (part * k.BASE).encode(), (part * base).encode()
        r = self.scalar(b"random" + image)
        c = int.from_bytes(k.uniform(
            "edgecord coin share", key, base.encode(), image, (r * k.BASE).encode(),
            (r * base).encode(), (voter + 1).to_bytes(32, "little")), "little") % k.ORDER
        z = (r + c * part) % k.ORDER
        return image + c.to_bytes(32, "little") + z.to_bytes(32, "little")

    def value(self, name):
        """What the coin is, by the secret itself."""
        half = k.uniform("edgecord coin name", self.commitments[:32], name)
        secret = self.polynomial[0] * (k.mapped(half[:32]) + k.mapped(half[32:]))
        return k.uniform("edgecord coin value", self.commitments[:32], name, secret.encode())[:32]


def beacon_world(members=5):
    """A world whose second era shares keys, and who dealt them."""
    dealt = Dealt(members, (members - 1) // 3 + 1)
    return World("beacon", keys=(dealt.commitments * 2,), members=members), dealt


def beacon_name(world, seq):
    domain = v.sha256(b"edgecord/domain/1", world.genesis_hash, (2).to_bytes(8, "little"), b"pbft")
    return b"beacon" + domain + seq.to_bytes(8, "little")


def claim_beacon(world, dealt, seq, voters):
    return [3, [[voter, dealt.share(voter, beacon_name(world, seq))] for voter in voters]]


def quorum(n, protocol):
    """How many of n voters certify: a majority, or so many that one in two quorums tells the truth."""
    return n // 2 + 1 if protocol in ("raft", "paxos", "multipaxos") else (n + (n - 1) // 3) // 2 + 1


class World:
    """A group that goes on for some blocks, with a change of era after the fifth.

    protocol: of all eras, or of each.
    spoil(seq, items) may change the items of a header, which the members then sign all the same."""

    def __init__(self, name="cell", eras=2, cells=(), extra=None, weights=(), spoil=None,
                 keys=(), members=5, protocol="pbft", flags=0):
        self.name, self.spoil, self.members = name, spoil, members
        self.protocols = [protocol] * eras if isinstance(protocol, str) else list(protocol)
        self.rosters = [roster_bytes(era, 4 if era == 1 else members, name, weights,
                                     self.protocols[era - 1],
                                     keys=keys if era > 1 else ())
                        for era in range(1, eras + 1)]
        self.genesis = genesis_bytes(name, flags, cells, self.rosters[0])
        self.genesis_hash = v.sha256(self.genesis)
        self.state = {f"home/{i}".encode(): f"value {i}".encode() for i in range(20)}
        self.state.update(extra or {})
        self.headers, self.batches, self.links = [], [], []
        for seq in range(1, 5 * eras + 4):
            self.block(seq, min((seq - 1) // 5 + 1, eras))

    def pairs(self):
        return [(v.sha256(k), v.sha256(b"\x00", v.sha256(k), v.sha256(x)))
                for k, x in self.state.items()]

    def envelope(self, author, sequence):
        header = encode({1: -8, 4: author.key, -65537: [self.genesis_hash, 0, sequence, 0]})
        payload = encode([6, b"note"])
        signed = encode(["Signature1", header, b"", payload])
        salt = hmac.new(hmac.new(author.seed, b"edgecord/salt/1", "sha256").digest(),
                        v.sha256(signed), "sha256").digest()
        data = encode(v.Tag(18, [header, {}, payload, author.sign(signed)]))
        return data, salt, v.sha256(signed), encode([0, None])

    def block(self, seq, era):
        batch = [self.envelope(Key(f"home {i}"), seq) for i in range(3)]
        self.batches.append(batch)
        ends = seq % 5 == 0 and era < len(self.rosters)
        previous = v.sha256(self.headers[-1]) if self.headers else self.genesis_hash
        items = [
            "edgecord/header/1", self.genesis_hash, era, seq, seq, previous,
            tree(self.history(seq - 1)), tree(self.batch_leaves(batch)), len(batch),
            tree(self.result_leaves(batch)), state_tree(self.pairs()), 10**18 + seq,
            v.sha256(self.rosters[era - 1]), v.sha256(self.rosters[era]) if ends else b""]
        if self.spoil:
            self.spoil(seq, items)
        self.headers.append(encode(items))
        if ends:
            self.links.append([self.headers[-1], self.certificate(seq), self.rosters[era]])

    def history(self, count):
        return [v.tree_leaf(v.sha256(h)) for h in self.headers[:count]]

    @staticmethod
    def batch_leaves(batch):
        return [v.tree_leaf(salt + data) for data, salt, _, _ in batch]

    @staticmethod
    def result_leaves(batch):
        return [v.tree_leaf(salt + identity + result) for _, salt, identity, result in batch]

    def certificate(self, seq, signers=None):
        era = min((seq - 1) // 5 + 1, len(self.rosters))
        n = 4 if era == 1 else self.members
        if signers is None:
            signers = range(quorum(n, self.protocols[era - 1]))
        text = b"edgecord/certificate/1" + v.sha256(self.headers[seq - 1])
        return [[i, Key(f"era {era} {self.name} {i}").sign(text)] for i in signers]

    def claim(self, seq, index=1):
        batch = self.batches[seq - 1]
        data, salt, _, result = batch[index]
        return [0, data, salt, index, path_of(self.batch_leaves(batch), index), result,
                path_of(self.result_leaves(batch), index)]

    def claim_state(self, name):
        siblings, end = state_path(self.pairs(), v.sha256(name))
        if name in self.state:
            return [1, name, self.state[name], siblings]
        other = next((k for k in self.state if end and v.sha256(k) == end[0]), None)
        leaf = [end[0], v.sha256(self.state[other])] if end else None
        return [2, name, siblings, leaf]

    def cover(self, seq, later=None):
        if later is None:
            return [self.certificate(seq)]
        return [self.certificate(later), self.headers[later - 1],
                path_of(self.history(later - 1), seq - 1)]

    def links_to(self, seq):
        return [link for link in self.links if v.decode(link[0], "")[3] < seq]

    def proof(self, seq, later=None, claim=None, anchor=None):
        return ["edgecord/proof/1", claim or self.claim(seq), self.headers[seq - 1],
                self.cover(seq, later), self.links_to(later or seq), anchor]


WORLD = World()


def check(proof, genesis=None, cloud=None):
    data = proof if isinstance(proof, bytes) else encode(proof)
    return v.proof_check(data, v.Genesis(genesis or WORLD.genesis), cloud and v.Genesis(cloud))


def refused(proof, why, **options):
    try:
        check(proof, **options)
    except (v.Invalid, v.Unusable) as error:
        assert why in str(error), f"refused because '{error}', '{why}' expected"
        return
    raise AssertionError(f"accepted; '{why}' expected")


# ---- Tests ---------------------------------------------------------------------------------


def ed25519_rejects_what_the_document_says():
    """the verifier's row of ed25519-speccheck is XXXVXXXXXXXX"""
    with open(shared("vectors/ed25519-speccheck/cases.json"), encoding="utf-8") as file:
        cases = json.load(file)
    row = "".join("V" if v.ed25519_verify(*(bytes.fromhex(c[k]) for k in (
        "pub_key", "message", "signature"))) else "X" for c in cases)
    assert row == "XXXVXXXXXXXX", row


def ed25519_wycheproof():
    """151 Ed25519 vectors of Wycheproof"""
    with open(shared("vectors/wycheproof/testvectors_v1/ed25519_test.json"), encoding="utf-8") as f:
        groups = json.load(f)["testGroups"]
    count = 0
    for group in groups:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for test in group["tests"]:
            signature = bytes.fromhex(test["sig"])
            good = len(signature) == 64 and v.ed25519_verify(key, bytes.fromhex(test["msg"]),
                                                             signature)
            assert good == (test["result"] == "valid"), test
            count += 1
    assert count == 151


def ed25519_rfc_8032():
    """Ed25519 of RFC 8032, 7.1, test 2"""
    key = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                              "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
    assert v.ed25519_verify(key, b"\x72", signature)
    assert not v.ed25519_verify(key, b"\x73", signature)


def cbor_appendix_a():
    """CBOR appendix A: 64 vectors accepted, 18 that are not deterministic refused"""
    with open(shared("vectors/cbor-appendix-a/appendix_a.json"), encoding="utf-8") as file:
        vectors = json.load(file)
    accepted = 0
    for vector in vectors:
        try:
            v.decode(bytes.fromhex(vector["hex"]), "it")
            accepted += 1
        except v.Invalid:
            pass
    assert (accepted, len(vectors)) == (64, 82), accepted


def cbor_is_strict():
    """CBOR that is not deterministic is refused"""
    for text in ("1817", "5801aa", "9fff", "a201000100", "a202000100", "0000", "61ff", "62c080",
                 "63eda080", "fa3fc00000", "f97e01", "f818", "a1f400", "81" * 17 + "00", "8201",
                 ""):
        try:
            v.decode(bytes.fromhex(text), "it")
        except v.Invalid:
            continue
        raise AssertionError(f"{text} is accepted")
    for value in (0.0, 1.5, 65504.0, 0.1, 1e300, float("inf"), 2.0**-24, 2.0**-149):
        data = v.shortest_float(value)
        head = {2: b"\xf9", 4: b"\xfa", 8: b"\xfb"}[len(data)]
        assert v.decode(head + data, "it") == value
    assert v.shortest_float(0.1) == struct.pack(">d", 0.1)


def proofs_of_every_kind():
    """envelope, state and absence, by own and by later header, in both eras"""
    for seq in range(1, 14):
        for later in [None] + list(range(seq + 1, 14)):
            facts = check(WORLD.proof(seq, later))
            assert facts["claim"]["result"] == 0 and facts["block"]["seq"] == seq
    assert check(WORLD.proof(3, claim=WORLD.claim_state(b"home/7")))["claim"]["value"] == b"value 7"
    empty, leaf = 0, 0
    for i in range(40):
        claim = WORLD.claim_state(f"absent/{i}".encode())
        assert check(WORLD.proof(3, claim=claim))["claim"]["absent"]
        empty, leaf = empty + (claim[3] is None), leaf + (claim[3] is not None)
    assert empty and leaf


def every_byte_flipped_is_refused():
    """a proof with every single byte flipped in turn is refused"""
    for proof in (WORLD.proof(4, 8), WORLD.proof(2, claim=WORLD.claim_state(b"home/3")),
                  WORLD.proof(2, claim=WORLD.claim_state(b"absent/1"))):
        data = encode(proof)
        check(data)
        for at in range(len(data)):
            try:
                facts = check(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1:])
            except (v.Invalid, v.Unusable):
                continue
            # The same path may show that another name is absent, too: a true claim, not this one.
            other = facts["claim"].get("absent", proof[1][1])
            assert other != proof[1][1] and other not in WORLD.state, f"byte {at} may be flipped"
        for cut in range(0, len(data), 7):
            refused(data[:cut], "not deterministic CBOR")


def certificates_need_a_quorum():
    """q-1 signatures, one signer twice, a stranger, a learner: refused"""
    proof = WORLD.proof(3)
    proof[3] = [WORLD.certificate(3, [0, 2])]
    refused(proof, "signed by a weight of 2, 3 of 4 are needed")
    proof[3] = [WORLD.certificate(3, [0, 1, 1])]
    refused(proof, "do not ascend: one may be counted twice")
    proof[3] = [WORLD.certificate(3, [1, 0, 2])]
    refused(proof, "do not ascend")
    proof[3] = [WORLD.certificate(3, [0, 1, 7])]
    refused(proof, "names member 7, there are 4")
    proof[3] = [WORLD.certificate(3, [0, 1, 3])]
    check(proof)
    proof[3] = [WORLD.certificate(3, [0, 1, 2, 3])]
    check(proof)
    proof[3] = [WORLD.certificate(4)]
    refused(proof, "the signature of member 0 on the block's header is wrong")


# What nobody can bring about but a quorum that lies: (what, item of the header, its value in the
# block `seq`, proof, why it is refused).  The fifth block ends the first era.
LIES = [
    ("a later header with an older stamp", 8, 11, 10**18 + 6, (7, 8), "older"),
    ("a later header of an older era", 7, 2, 3, (7, 8), "older"),
    ("a block that names another roster", 7, 12, bytes(32), (7, 8), "another roster"),
    ("a block of an era that is to come", 4, 2, 2, (4, 8), "another roster"),
    ("a first block with a past", 1, 5, bytes(32), (1, None), "does not begin at the genesis"),
    ("a first block with a history", 1, 6, bytes(32), (1, 3), "has a history"),
    ("an era link with no later stamp", 10, 11, 10**18 + 5, (12, 13), "does not come after"),
    ("a position that is none", 3, 4, 0, (3, 4), "not of its form"),
]


def lie(number):
    """(proof, the world that it is of, why): what a quorum signed against the format."""
    _, at, item, value, (seq, later), why = LIES[number]

    def spoil(block, items):
        if block == at:
            items[item] = value
    world = World(f"liars {number}", eras=3, spoil=spoil)
    return world.proof(seq, later), world, why


def what_a_lying_quorum_signs_is_refused():
    """what even a quorum cannot make true: stamps, eras, rosters and pasts that do not fit"""
    for number in range(len(LIES)):
        proof, world, why = lie(number)
        refused(proof, why, genesis=world.genesis)


WEIGHTS = (5, 1, 1, 1)  # 8 in all: f = 2, a quorum weighs 6


def weighty():
    """(proof, good) of a group whose first member weighs more."""
    world = World("weighty", 1, weights=WEIGHTS)
    for signers in ([0, 1], [0, 3], [0, 1, 2, 3], [1, 2, 3], [0]):
        proof = world.proof(3)
        proof[3] = [world.certificate(3, signers)]
        yield world, proof, sum(WEIGHTS[i] for i in signers) >= 6


def weights_count():
    """where members have weight, a quorum is counted by weight"""
    for world, proof, good in weighty():
        if good:
            check(proof, genesis=world.genesis)
        else:
            refused(proof, "6 of 8 are needed", genesis=world.genesis)


REVISABLE = World("graph", protocol="ghostdag")


def probable():
    """(proof, genesis, depth or why it is refused): signed by less than a quorum."""
    def signed(world, seq, later, signers):
        proof = world.proof(seq, later)
        proof[3][0] = world.certificate(later or seq, signers)
        return proof
    for signers in ([0], [2, 3], [1]):
        for seq, later in ((2, None), (2, 4), (1, 5), (6, 8), (13, None)):
            yield signed(REVISABLE, seq, later, signers), REVISABLE, (later or seq) - seq
    yield signed(REVISABLE, 2, 4, []), REVISABLE, "weight of 0"
    yield signed(REVISABLE, 2, 8, [0]), REVISABLE, "of an era that ended"
    yield signed(WORLD, 2, 4, [0, 1]), WORLD, "weight of 2"
    proof = signed(REVISABLE, 2, 4, [0])
    proof[5] = [b"", REVISABLE.headers[3], []]
    yield proof, REVISABLE, "yet there is an anchor"
    proof = signed(REVISABLE, 7, 8, [0])
    proof[4][0][1] = REVISABLE.certificate(5, [0, 1])
    yield proof, REVISABLE, "signed by a weight of 2"

    def still(seq, items):
        items[4] = min(seq, 3)
    world = World("still", 1, spoil=still, protocol="ghostdag")
    yield signed(world, 3, 5, [0]), world, "no later position"


def less_than_a_quorum_is_probable():
    """less than a quorum is probabilistic where the order may be revised, and refused elsewhere"""
    count = 0
    for proof, world, expected in probable():
        count += 1
        if isinstance(expected, str):
            refused(proof, expected, genesis=world.genesis)
            continue
        facts = check(proof, genesis=world.genesis)
        assert (facts["verdict"], facts["depth"]) == ("probabilistic", expected), facts
        assert facts["more_than_may_be_faulty"] == (len(facts["signers"]) > 1)
    assert count == 21, count
    assert check(REVISABLE.proof(2, 4), genesis=REVISABLE.genesis)["verdict"] == "valid"


def majorities():
    """(proof, world, which eras are trusted or why it is refused, the cloud's genesis or None)."""
    mixed = World("mixed", 3, protocol=("raft", "pbft", "paxos"))
    for seq, later, trusted in ((3, None, "era 1 (raft)"), (2, 8, "era 1 (raft)"),
                                (8, 9, "era 1 (raft)"), (3, 12, "era 1 (raft), era 3 (paxos)"),
                                (12, None, "era 1 (raft), era 3 (paxos)")):
        yield mixed.proof(seq, later), mixed, trusted, None
    late = World("late", 3, protocol=("pbft", "multipaxos", "multipaxos"))
    yield late.proof(3), late, "", None
    yield late.proof(3, 7), late, "era 2 (multipaxos)", None
    yield late.proof(7, 12), late, "eras 2 to 3 (multipaxos)", None
    for signers, why in (([0, 1, 2], "era 1 (raft)"), ([0, 1, 2, 3, 4], "era 1 (raft)"),
                         ([2, 4], "signed by a weight of 2, 4 of 5")):
        proof = mixed.proof(7)
        proof[3] = [mixed.certificate(7, signers)]
        enough = len(signers) >= quorum(5, "pbft")
        yield proof, mixed, why if enough or len(signers) < 3 else "weight of 3, 4 of 5", None
        proof = late.proof(7)
        proof[3] = [late.certificate(7, signers)]
        yield (proof, late, "era 2 (multipaxos)" if len(signers) > 2 else "weight of 2, 3 of 5",
               None)
    many = World("many", 20, protocol=["raft", "paxos"] * 10)
    yield many.proof(3, 98), many, ", ".join(
        f"era {era} ({'paxos' if era % 2 == 0 else 'raft'})" for era in range(1, 9)
    ) + " and 12 more eras", None
    graph = World("both", protocol=("raft", "ghostdag"))
    proof = graph.proof(7)
    proof[3] = [graph.certificate(7, [1])]
    yield proof, graph, "era 1 (raft)", None
    for cell, trusted in ((WORLD, "the cloud's era 1 (raft)"),
                          (mixed, "era 1 (raft); the cloud's era 1 (raft)")):
        cloud, proofs = anchored(cell, "raft")
        yield proofs[0], cell, trusted, cloud.genesis
    keyed = World("keyed", protocol="raft", keys=(bytes(128),))
    yield keyed.proof(7, claim=[3, [[0, bytes(96)]]]), keyed, "no keys are shared", None


def majorities_are_a_word():
    """a majority certifies where a protocol stands crashes only, and the verdict names these eras"""
    count = 0
    for proof, world, expected, cloud in majorities():
        count += 1
        if expected and not expected.startswith(("era", "the cloud's")):
            refused(proof, expected, genesis=world.genesis)
            continue
        facts = check(proof, genesis=world.genesis, cloud=cloud)
        assert facts["trusted_eras"] == expected, (facts["trusted_eras"], expected)
        depth = facts["verdict"] == "probabilistic"
        assert depth == (world.name == "both"), facts
        assert depth or facts["verdict"] == (
            "valid-if-no-member-lied" if expected else "valid"), facts
        assert (f"  holds if no member lied: {expected}" in v.report(facts)) == bool(expected)
    assert count == 19, count


def rosters_may_name_shared_keys():
    """a roster may name keys that its members share, two equal halves of points, or none"""
    for keys, why in ((bytes(128), ""), (b"", "item 5"), (bytes(96), "item 5"),
                      (bytes(64 * 23), "item 5"), (7, "item 5")):
        world = World("keys", keys=(keys,))
        if why:
            refused(world.proof(8), why, genesis=world.genesis)
        else:
            check(world.proof(8), genesis=world.genesis)


def rosters_come_from_the_genesis():
    """a roster that is not the genesis's, a missing or foreign era link: refused"""
    refused(WORLD.proof(3), "is of another genesis", genesis=World("other", 1).genesis)
    proof = WORLD.proof(8)
    links, proof[4] = proof[4], []
    refused(proof, "is of era 2, the roster of 1")
    proof[4] = links + links
    refused(proof, "is of era 1, the roster of 2")
    proof[4] = [[links[0][0], links[0][1], roster_bytes(2, 5, "thief")]]
    refused(proof, "brings another roster than its header names")
    proof[4] = [[links[0][0], WORLD.certificate(5, [0, 1]), links[0][2]]]
    refused(proof, "signed by a weight of 2")
    early = WORLD.proof(3, 4)
    early[4] = links
    refused(early, "of an era that ended before")


def claims_are_about_this_block():
    """an envelope, result or state of another block, an index of another tree: refused"""
    proof = WORLD.proof(3)
    proof[1] = WORLD.claim(4)
    refused(proof, "does not stand in this block")
    claim = WORLD.claim(3)
    claim[5] = encode([9, None])
    refused(WORLD.proof(3, claim=claim), "this is not its result")
    claim = WORLD.claim(3)
    claim[3] = 3
    refused(WORLD.proof(3, claim=claim), "none at 3")
    claim = WORLD.claim_state(b"home/7")
    claim[2] = b"value 8"
    refused(WORLD.proof(3, claim=claim), "the state does not hold this")
    present = WORLD.claim_state(b"home/7")
    leaf = [v.sha256(b"home/7"), v.sha256(b"value 7")]
    refused(WORLD.proof(3, claim=[2, b"home/7", present[3], leaf]), "is the one that should be "
                                                                   "absent")
    refused(WORLD.proof(3, claim=[2, b"home/7", present[3], None]), "absence is not shown")
    late = WORLD.proof(6, 8)
    late[3][1] = WORLD.headers[3 - 1]
    refused(late, "the later header is not later")


def beacons_are_judged_by_the_keys_of_their_era():
    """a block's beacon: one value whoever gave shares; any other shares, block or era: refused"""
    for members, voters in ((5, ((0, 1), (1, 4), (2, 3))), (64, (range(22), range(42, 64)))):
        world, dealt = beacon_world(members)
        for some in voters:
            proof = world.proof(7, claim=claim_beacon(world, dealt, 7, some))
            claim = check(proof, genesis=world.genesis)["claim"]
            assert claim["beacon"] == dealt.value(beacon_name(world, 7)), (members, some)
            assert claim["voters"] == list(some)
    world, dealt = beacon_world()
    good = claim_beacon(world, dealt, 7, (1, 3))
    shares = good[1]
    check(world.proof(7, 9, claim=good), genesis=world.genesis)
    for shares, why in (
            (shares[:1], "it holds 1 shares, 2 are needed"),
            (shares + [[4, shares[0][1]]], "it holds 3 shares, 2 are needed"),
            (shares[::-1], "do not ascend"), ([shares[0], shares[0]], "do not ascend"),
            ([shares[0], [5, shares[1][1]]], "a voter that there is not"),
            ([shares[0], [2, shares[1][1]]], "the share of voter 2 is not good"),
            ([shares[0], [3, bytes(96)]], "the share of voter 3 is the identity"),
            ([shares[0], [3, b"\xff" * 96]], "the share of voter 3 is no point"),
            (claim_beacon(world, dealt, 8, (1, 3))[1], "the share of voter 1 is not good"),
            (claim_beacon(world, Dealt(5, 2, "thief"), 7, (1, 3))[1],
             "the share of voter 1 is not good")):
        refused(world.proof(7, claim=[3, shares]), why, genesis=world.genesis)
    refused(world.proof(3, claim=good), "the voters of era 1 share no keys", genesis=world.genesis)
    for claim in ([3], [3, [], []], [3, [[1]]], [3, [[1, bytes(95)]]], [4, []], [3, 7]):
        try:
            check(world.proof(7, claim=claim), genesis=world.genesis)
            assert False, claim
        except v.Unusable:
            pass


def rootless():
    """(what, the group, a proof, whether it holds): the third block has no state root."""
    def spoil(block, items):
        if block == 3:
            items[10] = bytes(32)
    nothing = [2, b"home/1", [], None] # leads to zeros
    for flags in (v.ROOTS_APART, v.ORDER_ONLY):
        world = World(f"rootless {flags}", flags=flags, spoil=spoil)
        yield "a receipt of a block without a root", world, world.proof(3), True
        yield "an absence under no root", world, world.proof(3, 4, nothing), False
        yield "a value under no root", world, world.proof(3, claim=world.claim_state(b"home/1")), \
            False
        yield "the state of a block before", world, \
            world.proof(2, 3, world.claim_state(b"home/1")), True
    world = World("never any state", spoil=spoil)
    yield "an absence in an empty state", world, world.proof(3, 4, nothing), True


def a_block_without_a_root_shows_no_state():
    """where not every block has a state root zeros are none, and show no absence"""
    for what, world, proof, holds in rootless():
        if holds:
            check(proof, genesis=world.genesis)
        else:
            refused(proof, "no state root", genesis=world.genesis)


def unsigned_groups_are_refused():
    """a genesis that says unsigned is refused"""
    try:
        check(WORLD.proof(3), genesis=genesis_bytes("cell", flags=1))
    except v.Unusable as error:
        assert "unsigned" in str(error)
        return
    raise AssertionError("accepted")


def anchor_cloud(world, protocol):
    """A cloud that holds an anchor of the world's seventh block."""
    seven = v.decode(world.headers[6], "")
    value = encode([7, v.sha256(world.headers[6]), seven[6]])
    return World("cloud", 1, protocol=protocol, cells=[["west", world.genesis]],
                 extra={b"anchor/west": value, b"anchor/east": value})


def anchored(world, protocol="pbft"):
    """(cloud, proofs): of an earlier block and of the anchored one."""
    cloud, proofs = anchor_cloud(world, protocol), []
    for seq in (2, 7):
        path = path_of(world.history(6), seq - 1) if seq < 7 else []
        inner = encode(cloud.proof(4, claim=cloud.claim_state(b"anchor/west")))
        proofs.append(encode(world.proof(seq, anchor=[inner, world.headers[6], path])))
    return cloud, proofs


def anchors_are_checked_with_the_cloud():
    """an anchor holds with the cloud's genesis, and a false one does not"""
    cloud, proofs = anchored(WORLD)
    for proof in proofs:
        assert check(proof, cloud=cloud.genesis)["anchor"]["seq"] == 7
        refused(proof, "only the cloud's genesis can judge")
        for at in range(0, len(proof), 7):  # every byte: src/ledger/anchor_test.c
            spoilt = proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1:]
            for genesis in (None, cloud.genesis):
                try:
                    check(spoilt, cloud=genesis)
                except (v.Invalid, v.Unusable):
                    continue
                raise AssertionError(f"byte {at} of an anchored proof may change")
    inner = v.decode(proofs[1], "")[5][0]
    refused(WORLD.proof(2, anchor=[inner, WORLD.headers[5], []]), "not the one that the cloud "
            "holds", cloud=cloud.genesis)
    refused(WORLD.proof(3, anchor=[inner, WORLD.headers[6], path_of(WORLD.history(6), 1)]),
            "not in the anchored header's history", cloud=cloud.genesis)
    east = encode(cloud.proof(4, claim=cloud.claim_state(b"anchor/east")))
    refused(WORLD.proof(7, anchor=[east, WORLD.headers[6], []]), "not about this cell's anchor",
            cloud=cloud.genesis)
    refused(WORLD.proof(7, anchor=[inner, WORLD.headers[6], []]), "does not name this cell",
            cloud=World("cloud2", 1).genesis)
    refused(anchored_twice(WORLD, cloud), "an anchor of its own", cloud=cloud.genesis)


def anchored_twice(world, cloud):
    """A proof whose cloud proof has an anchor itself."""
    inner = cloud.proof(4, claim=cloud.claim_state(b"anchor/west"),
                        anchor=[b"", cloud.headers[3], []])
    return world.proof(7, anchor=[encode(inner), world.headers[6], []])


def many_are_judged_in_one_process():
    """Of several files each gets its line, and the worst gives the exit code."""
    good = encode(WORLD.proof(7))
    files = {"good": good, "spoilt": encode(WORLD.proof(7, claim=WORLD.claim(3))), "noise": b"noise",
             "later": encode(WORLD.proof(3)), "certified": encode(REVISABLE.proof(2, 4))}
    short = REVISABLE.proof(2, 4)
    short[3][0] = short[3][0][:1]
    files["short"] = encode(short)
    both = World("files", protocol=("raft", "ghostdag"))
    few = both.proof(7)
    few[3][0] = few[3][0][:1]
    files.update(word=encode(both.proof(7)), few=encode(few))
    with tempfile.TemporaryDirectory() as folder:
        for name, data in {**files, "genesis": WORLD.genesis}.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)

        def run(*names):
            done = subprocess.run([sys.executable, os.path.abspath(v.__file__), *names,
                                   "--genesis", "genesis"], cwd=folder, capture_output=True,
                                  text=True, check=False)
            return done.returncode, done.stdout.splitlines()
        code, lines = run("good", "later")
        assert (code, lines) == (0, ["good: valid", "later: valid"]), (code, lines)
        code, lines = run("spoilt", "good")
        assert code == 1 and lines[0].startswith("spoilt: invalid: "), (code, lines)
        assert lines[1:] == ["good: valid"], lines
        code, lines = run("short", "good")
        assert code == 1 and lines[0].startswith("short: invalid: "), (code, lines)
        genesis = REVISABLE.genesis
        with open(os.path.join(folder, "genesis"), "wb") as file:
            file.write(genesis)
        code, lines = run("short")
        assert code == 3 and lines[0].startswith("probabilistic, depth 2"), (code, lines)
        code, lines = run("short", "certified")
        assert (code, lines) == (3, ["short: probabilistic", "certified: valid"]), (code, lines)
        code, lines = run("short", "good", "certified")
        assert code == 1 and lines[0] == "short: probabilistic", (code, lines)
        with open(os.path.join(folder, "genesis"), "wb") as file:
            file.write(both.genesis)
        code, lines = run("word")
        assert code == 4 and lines[:2] == ["valid if no member lied",
                                           "  holds if no member lied: era 1 (raft)"], lines
        code, lines = run("word", "good")
        assert code == 1 and lines[0] == "word: valid-if-no-member-lied", (code, lines)
        code, lines = run("few", "word")
        assert (code, lines) == (3, ["few: probabilistic", "word: valid-if-no-member-lied"]), lines
        with open(os.path.join(folder, "genesis"), "wb") as file:
            file.write(genesis)
        code, lines = run("noise", "none", "good")
        assert code == 2 and lines[0].startswith("noise: unusable: not a proof"), (code, lines)
        assert lines[1].startswith("none: unusable: "), lines
        assert lines[2].startswith("good: invalid: "), lines  # of the other genesis


TESTS = [ed25519_rfc_8032, ed25519_rejects_what_the_document_says, ed25519_wycheproof,
         cbor_appendix_a, cbor_is_strict, proofs_of_every_kind, every_byte_flipped_is_refused,
         certificates_need_a_quorum, weights_count,
         less_than_a_quorum_is_probable, majorities_are_a_word, what_a_lying_quorum_signs_is_refused,
         rosters_may_name_shared_keys, rosters_come_from_the_genesis, claims_are_about_this_block,
         beacons_are_judged_by_the_keys_of_their_era,
         a_block_without_a_root_shows_no_state, unsigned_groups_are_refused, anchors_are_checked_with_the_cloud,
         many_are_judged_in_one_process]


def main():
    failed = 0
    for test in TESTS:
        try:
            test()
            print("ok " + test.__doc__)
        except Skipped as reason:
            print(f"skipped {test.__doc__}: {reason}")
        except Exception:
            traceback.print_exc(file=sys.stdout)
            print("FAIL " + test.__doc__)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
