#!/usr/bin/env python3
"""verify_proof.py - verifies a proof file with nothing but the genesis: no node, no network, no C.

usage: tools/verify_proof.py PROOF... --genesis GENESIS [--cloud CLOUD_GENESIS] [--json]

A second, independent verifier, written from docs/formats.md alone in plain Python 3: its own CBOR,
Ed25519 and trees, and shared_keys.py for what members sign together.  It shares no line with the
program, so that a mistake must be made twice.
Exit 0: valid, prints what is proven.  1: invalid, prints why.  2: the files cannot be used.
3: probabilistic: signed by less than a quorum, in a group whose order may be revised.
4: valid if no member lied: some of it is certified by an era whose protocol stands crashes only.
Of several proofs each gets a line, `PROOF: valid` or why not; the exit code is the worst's: 2, 1, 3,
4, 0."""
import argparse
import datetime
import functools
import hashlib
import json
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import shared_keys  # noqa: E402

SIZE_MAX = 64 << 20
DEPTH_MAX = 16
UINT_MAX = (1 << 63) - 1
RESULTS = ["done", "used", "old", "gap", "expired", "stranger", "forbidden", "malformed", "unknown",
           "rule", "unbalanced", "too-much", "full"]
REVISABLE = ("ghostdag",)  # protocols that may take back what they delivered last
CRASH_ONLY = ("multipaxos", "paxos", "raft")  # that stand members that crash, and none that lies
TRUSTED_RUNS_MAX = 8  # eras in a row that are named; of more only the number is said
VERDICTS = {"valid": 0, "probabilistic": 3, "valid-if-no-member-lied": 4}  # and their exit codes
SEVERITY = (0, 4, 3, 1, 2)  # of exit codes, the worst last


class Invalid(Exception):
    """The proof does not hold; the text says why."""


class Unusable(Exception):
    """Nothing could be proven with these files."""


def need(condition, why):
    if not condition:
        raise Invalid(why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# ---- Deterministic CBOR (RFC 8949, 4.2.1) ----------------------------------------------------


class Tag:
    def __init__(self, number, item):
        self.number, self.item = number, item


class Simple:
    def __init__(self, value):
        self.value = value


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        need(size <= len(self.data) - self.at, f"byte {self.at}: the bytes end inside an item")
        self.at += size
        return self.data[self.at - size:self.at]

    def head(self):
        """(major type, additional information, argument)."""
        begin = self.at
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        need(info < 28, f"byte {begin}: indefinite length or reserved encoding")
        if info < 24:
            return major, info, info
        argument = int.from_bytes(self.take(1 << (info - 24)), "big")
        least = [24, 1 << 8, 1 << 16, 1 << 32][info - 24]
        need(major == 7 or argument >= least, f"byte {begin}: a number is not in shortest form")
        return major, info, argument

    def item(self, depth=0):
        begin = self.at
        major, info, argument = self.head()
        need(major not in (4, 5, 6) or depth < DEPTH_MAX, f"byte {begin}: nested too deeply")
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return self.take(argument)
        if major == 3:
            try:
                return self.take(argument).decode("utf-8", "strict")
            except UnicodeDecodeError:
                raise Invalid(f"byte {begin}: a text is not UTF-8") from None
        if major == 4:
            need(argument <= len(self.data) - self.at, f"byte {begin}: more items than bytes")
            return [self.item(depth + 1) for _ in range(argument)]
        if major == 5:
            return self.map(argument, depth)
        if major == 6:
            return Tag(argument, self.item(depth + 1))
        return self.simple(begin, info, argument)

    def map(self, pairs, depth):
        need(2 * pairs <= len(self.data) - self.at, f"byte {self.at}: more items than bytes")
        result, last = {}, None
        for _ in range(pairs):
            begin = self.at
            key = self.item(depth + 1)
            need(type(key) in (int, bytes, str), f"byte {begin}: a map key of another type")
            encoded = self.data[begin:self.at]
            need(last is None or encoded > last, f"byte {begin}: map keys out of order or twice")
            last = encoded
            result[key] = self.item(depth + 1)
        return result

    def simple(self, begin, info, argument):
        if info < 24:
            return {20: False, 21: True, 22: None}.get(info, Simple(info))
        if info == 24:
            need(argument >= 32, f"byte {begin}: a reserved simple value")
            return Simple(argument)
        data = self.data[begin + 1:self.at]
        value = struct.unpack({25: ">e", 26: ">f", 27: ">d"}[info], data)[0]
        need(data == shortest_float(value), f"byte {begin}: a float is not in shortest form")
        return value


def shortest_float(value):
    if value != value:
        return b"\x7e\x00"
    for form in (">e", ">f"):
        try:
            data = struct.pack(form, value)
        except OverflowError:
            continue
        if struct.unpack(form, data)[0] == value:
            return data
    return struct.pack(">d", value)


def decode(data, what):
    need(len(data) <= SIZE_MAX, f"{what} is larger than {SIZE_MAX} bytes")
    reader = Reader(data)
    try:
        item = reader.item()
        need(reader.at == len(data), f"byte {reader.at}: bytes follow the end")
    except Invalid as error:
        raise Invalid(f"{what} is not deterministic CBOR: {error}") from None
    return item


def encode_head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    size = next(s for s in (1, 2, 4, 8) if value < 1 << 8 * s)
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + value.to_bytes(size, "big")


def encode_bytes(data):
    return encode_head(2, len(data)) + data


# ---- Forms: what an array must hold ------------------------------------------------------------


def is_uint(item):
    return type(item) is int and 0 <= item <= UINT_MAX


def is_count(item):
    return is_uint(item) and item >= 1


def is_bytes(size=None):
    return lambda item: type(item) is bytes and (size is None or len(item) == size)


def is_name(item):
    return (type(item) is str and len(item.encode()) < 64 and
            not any(ord(c) < 0x20 or ord(c) == 0x7f for c in item))


def is_list(item):
    return type(item) is list


is_hash = is_key = is_bytes(32)
is_signature = is_bytes(64)


def is_path(item):
    return is_list(item) and all(is_hash(h) for h in item)


def anything(_):
    return True


def literal(value):
    return lambda item: type(item) is type(value) and item == value


def form(item, what, *checks):
    """The items of an array of exactly this form."""
    need(is_list(item), f"{what} is not an array")
    need(len(item) == len(checks), f"{what} has {len(item)} items, {len(checks)} are expected")
    for place, (part, check) in enumerate(zip(item, checks)):
        need(check(part), f"{what}: item {place} is not of its form")
    return item


# ---- Ed25519 (RFC 8032), with the rules of docs/formats.md ------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def point_add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    s, t = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = t - s, d - c, d + c, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_times(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        scalar >>= 1
    return result


def point_decode(data):
    """The point of 32 bytes in canonical form; None when they are none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * SQRT_M1 % P
    if x * x % P != square or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def point_encode(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def small_order(point):
    x, y, z, _ = point_times(8, point)
    return x % P == 0 and (y - z) % P == 0


BASE = point_decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


@functools.lru_cache(maxsize=4096)  # proofs of one group share certificates
def ed25519_verify(key, message, signature):
    """No cofactor, S < L, the key canonical, neither key nor R of small order."""
    a, r = point_decode(key), point_decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or small_order(a) or small_order(r):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    minus_a = (P - a[0], a[1], a[2], P - a[3])
    return point_encode(point_add(point_times(s, BASE), point_times(k, minus_a))) == signature[:32]


# ---- Trees ---------------------------------------------------------------------------------


def tree_leaf(data):
    return sha256(b"\x00", data)


def tree_node(left, right):
    return sha256(b"\x01", left, right)


def tree_root(leaf, index, size, path):
    """The root of a tree of `size` leaves to which a path leads; the shape must fit exactly."""
    need(0 <= index < size, f"there is no leaf {index} in a tree of {size}")
    if size == 1:
        need(not path, "the path is longer than the tree is high")
        return leaf
    need(path, "the path is shorter than the tree is high")
    split = 1 << ((size - 1).bit_length() - 1)
    if index < split:
        return tree_node(tree_root(leaf, index, split, path[:-1]), path[-1])
    return tree_node(path[-1], tree_root(leaf, index - split, size - split, path[:-1]))


def bit_of(place, index):
    return place[index // 8] >> (7 - index % 8) & 1


def state_root(place, end, path):
    """The root to which a state path, from the root downwards, leads; `end` stands below it."""
    need(len(path) <= 256, "the state path is longer than a place has bits")
    for depth in range(len(path) - 1, -1, -1):
        sides = (path[depth], end) if bit_of(place, depth) else (end, path[depth])
        end = sha256(b"\x01", *sides)
    return end


# ---- Genesis, roster, header, certificate ------------------------------------------------------


class Roster:
    def __init__(self, data):
        keys = [lambda i: is_bytes()(i) and 0 < len(i) <= 1408 and len(i) % 64 == 0]
        item = decode(data, "a roster")
        item = form(item, "a roster", literal("edgecord/roster/1"), is_count, is_name,
                    lambda i: is_bytes()(i) and len(i) <= 256, is_list,
                    *(keys if is_list(item) and len(item) == 6 else []))
        self.hash, self.era, self.protocol = sha256(data), item[1], item[2]
        self.coin = item[5][:len(item[5]) // 2] if len(item) == 6 else b""
        need(len(item[4]) <= 128, "the roster has more than 128 members")
        self.members = [form(m, "a member", is_key, is_key, is_count, is_uint, is_name, is_name)
                        for m in item[4]]
        self.voters = [m for m in self.members if m[3] & 1]
        need(self.voters, "the roster has no voter")
        need(all(m[3] < 8 for m in self.members), "a member has a role that does not exist")
        need(all(m[2] <= 1 << 32 for m in self.members), "a member weighs more than 2^32")
        for place in (0, 1):
            keys = [m[place] for m in self.members]
            need(len(set(keys)) == len(keys), "two members have one key")
        self.weight = sum(m[2] for m in self.voters)
        self.crash_only = self.protocol in CRASH_ONLY
        self.liars = 0 if self.crash_only else (self.weight - 1) // 3
        self.quorum = (self.weight + self.liars) // 2 + 1  # with no liar it is a majority


UNSIGNED, ORDER_ONLY, ROOTS_APART = 1, 2, 8 # flags of a genesis


class Genesis:
    def __init__(self, data):
        item = form(decode(data, "the genesis"), "the genesis", literal("edgecord/genesis/1"),
                    is_name, is_name, is_uint, is_bytes(), is_list, is_list, is_list, is_list,
                    is_list)
        self.hash, self.network, self.group, self.flags = sha256(data), item[1], item[2], item[3]
        self.roster = Roster(item[4])
        self.origin, self.rate, self.start = form(item[5], "the time", is_uint, is_uint, is_uint)
        form(item[6], "the limits", is_uint, is_uint, is_uint, is_uint)
        for service in item[7]:
            form(service, "a service", is_name, is_bytes())
        for account in item[8]:
            form(account, "an account", is_key, is_uint, is_name)
        keys = [account[0] for account in item[8]]
        need(keys == sorted(set(keys)), "the accounts are not in ascending order of keys")
        self.cells = {}
        for cell in item[9]:
            name, cell_genesis = form(cell, "a cell", is_name, is_bytes())
            need(name not in self.cells, "two cells have one name")
            self.cells[name] = sha256(cell_genesis)
        need(self.roster.era == 1, "the genesis roster is not of era 1")
        need(self.rate >= 1, "the rate of time is not at least 1")


class Header:
    def __init__(self, data, genesis, what):
        item = form(decode(data, what), what, literal("edgecord/header/1"), is_hash,
                    is_count, is_count, is_count, is_hash, is_hash, is_hash, is_uint, is_hash,
                    is_hash, is_uint, is_hash,
                    lambda i: i == b"" or is_hash(i) and i != bytes(32))
        (_, self.genesis, self.era, self.seq, self.position, self.previous, self.history,
         self.batch, self.envelopes, self.result, self.state, self.stamp, self.roster,
         self.next_roster) = item
        self.hash, self.what = sha256(data), what
        need(self.genesis == genesis.hash, f"{what} is of another genesis")
        if self.seq == 1:
            need(self.previous == genesis.hash, f"{what} is the first and does not begin at the "
                                                "genesis")
            need(self.history == sha256(b""), f"{what} is the first and has a history")


def quorum_need(weight, header, roster):
    need(weight >= roster.quorum, f"{header.what} is signed by a weight of {weight}, "
                                  f"{roster.quorum} of {roster.weight} are needed")


def certificate_check(certificate, header, roster):
    """Who signed: voters that weigh a quorum of the roster, each once, by their era keys."""
    signers, weight = signers_check(certificate, header, roster)
    quorum_need(weight, header, roster)
    return signers


def signers_check(certificate, header, roster):
    """(who signed, what they weigh): voters of the roster, each once, by their era keys."""
    need(header.era == roster.era, f"{header.what} is of era {header.era}, the roster of "
                                   f"{roster.era}")
    need(header.roster == roster.hash, f"{header.what} names another roster than that of era "
                                       f"{roster.era}")
    signers, last, weight = [], -1, 0
    for entry in certificate:
        index, signature = entry
        need(index > last, "a certificate's members do not ascend: one may be counted twice")
        last = index
        need(index < len(roster.members), f"a certificate names member {index}, there are "
                                          f"{len(roster.members)}")
        member = roster.members[index]
        need(member[3] & 1, f"member {index} signed {header.what} and is no voter")
        need(ed25519_verify(member[1], b"edgecord/certificate/1" + header.hash, signature),
             f"the signature of member {index} on {header.what} is wrong")
        signers.append(f"{index} {member[4]}")
        weight += member[2]
    return signers, weight


def depth_check(weight, block, certified, roster, anchor):
    """How deep the block lies below what was signed, where no quorum did but that is worth something."""
    if not weight or roster.protocol not in REVISABLE:
        quorum_need(weight, certified, roster)
    need(block.era == certified.era, "a block of an era that ended needs a quorum")
    need(block is certified or block.position < certified.position,
         "the later header has no later position")
    need(anchor is None, "no quorum signed, yet there is an anchor")
    return certified.position - block.position


# ---- The proof -----------------------------------------------------------------------------


def envelope_check(data, genesis):
    item = decode(data, "the envelope")
    need(isinstance(item, Tag) and item.number == 18, "the envelope is no COSE_Sign1 (tag 18)")
    protected, unprotected, payload, signature = form(
        item.item, "the envelope", is_bytes(), lambda i: type(i) is dict, is_bytes(), is_signature)
    need(unprotected == {}, "the envelope has an unprotected header")
    header = decode(protected, "the envelope's header")
    need(type(header) is dict and set(header) == {1, 4, -65537}, "the envelope's header is not of "
                                                                 "its form")
    need(header[1] == -8, "the envelope is not signed by EdDSA")
    need(is_key(header[4]), "the envelope's key is not one of 32 bytes")
    named, lane, sequence, expiry = form(header[-65537], "the envelope's header", is_hash, is_uint,
                                         is_uint, is_uint)
    need(named == genesis.hash, "the envelope is for another genesis")
    need(lane <= 1999, "the envelope is in a lane that there is not")
    need(sequence >= 1, "the envelope has no sequence number")
    signed = b"".join([encode_head(4, 4), encode_head(3, 10), b"Signature1",
                       encode_bytes(protected), encode_bytes(b""), encode_bytes(payload)])
    need(ed25519_verify(header[4], signed, signature), "the author's signature is wrong")
    body = decode(payload, "the envelope's payload")
    need(is_list(body) and body and is_uint(body[0]), "the payload does not begin with its kind")
    return {"id": sha256(signed), "author": header[4], "lane": lane, "sequence": sequence,
            "expiry_ns": expiry, "kind": body[0]}


def claim_envelope(claim, block, genesis):
    _, data, salt, index, batch_path, result, result_path = claim
    envelope = envelope_check(data, genesis)
    code, _ = form(decode(result, "the result"), "the result", is_uint, anything)
    need(index < block.envelopes, f"the block has {block.envelopes} envelopes, none at {index}")
    root = tree_root(tree_leaf(salt + data), index, block.envelopes, batch_path)
    need(root == block.batch, "the envelope does not stand in this block: the batch path leads to "
                              "another root")
    root = tree_root(tree_leaf(salt + envelope["id"] + result), index, block.envelopes, result_path)
    need(root == block.result, "this is not its result: the result path leads to another root")
    envelope.update(index=index, result=code)
    return envelope


def claim_state(claim, block):
    _, name, value, path = claim
    place = sha256(name)
    root = state_root(place, sha256(b"\x00", place, sha256(value)), path)
    need(root == block.state, "the state does not hold this: the path leads to another root")
    return {"name": name, "value": value}


def claim_absence(claim, block):
    _, name, path, leaf = claim
    place, end = sha256(name), bytes(32)
    if leaf is not None:
        other, value_hash = leaf
        need(other != place, "the other leaf is the one that should be absent")
        need(all(bit_of(other, i) == bit_of(place, i) for i in range(len(path))),
             "the other leaf does not stand where the name would")
        end = sha256(b"\x00", other, value_hash)
    need(state_root(place, end, path) == block.state, "absence is not shown: the path leads to "
                                                      "another root")
    return {"absent": name}


def claim_check(claim, block, genesis):
    if claim[0] == 0:
        return claim_envelope(claim, block, genesis)
    need(block.state != bytes(32) or not genesis.flags & (ORDER_ONLY | ROOTS_APART),
         "the block has no state root")
    return (claim_state if claim[0] == 1 else claim_absence)(claim, block)


def beacon_check(shares, block, roster, genesis):
    """The beacon of a block, by the keys that the voters of its era share."""
    need(roster.coin, f"the voters of era {roster.era} share no keys")
    need(not roster.crash_only, f"{roster.protocol} stands no member that lies: no keys are shared")
    voters, needed = len(roster.voters), (len(roster.voters) - 1) // 3 + 1
    need(len(roster.coin) == 32 * needed and voters <= 64,
         f"the keys of era {roster.era} are not for {needed} of its {voters} voters")
    given = [number for number, _ in shares]
    need(len(given) == needed, f"it holds {len(given)} shares, {needed} are needed")
    need(given == sorted(set(given)), "its voters do not ascend")
    domain = sha256(b"edgecord/domain/1", genesis.hash, roster.era.to_bytes(8, "little"),
                    roster.protocol.encode())
    name = b"beacon" + domain + block.seq.to_bytes(8, "little")
    try:
        return {"beacon": shared_keys.coin(roster.coin, voters, name, tuple(map(tuple, shares))),
                "voters": given}
    except shared_keys.Wrong as error:
        raise Invalid(str(error)) from None


def cover_check(cover, block, genesis):
    """(certified header, certificate): the block's own header, or a later one that covers it."""
    if len(cover) == 1:
        return block, cover[0]
    certificate, data, path = cover
    later = Header(data, genesis, "the later header")
    need(block.seq < later.seq, "the later header is not later than the block")
    need(block.era <= later.era and block.stamp < later.stamp, "the later header is older")
    root = tree_root(tree_leaf(block.hash), block.seq - 1, later.seq - 1, path)
    need(root == later.history, "the block is not in the later header's history")
    return later, certificate


def links_check(links, genesis):
    """(rosters from the genesis's to the one reached, last header of the era before it)."""
    rosters, last = [genesis.roster], None
    for number, link in enumerate(links, 1):
        data, certificate, next_data = link
        header = Header(data, genesis, f"the header of era link {number}")
        certificate_check(certificate, header, rosters[-1])
        need(last is None or (header.seq > last.seq and header.stamp > last.stamp),
             f"era link {number} does not come after the one before")
        next_roster = Roster(next_data)
        need(header.next_roster == next_roster.hash,
             f"era link {number} brings another roster than its header names")
        need(next_roster.era == rosters[-1].era + 1, f"era link {number} skips an era")
        rosters.append(next_roster)
        last = header
    return rosters, last


def anchor_check(anchor, block, genesis, cloud):
    proof, data, path = anchor
    names = [name for name, cell in cloud.cells.items() if cell == genesis.hash]
    need(names, "the cloud's genesis does not name this cell")
    try:
        need(proof_form(proof, "the cloud's proof")[5] is None,
             "the cloud's proof has an anchor of its own")
        facts = proof_check(proof, cloud, None, "the cloud's proof")
        need(facts["verdict"] != "probabilistic", "no quorum signed the cloud's proof")
    except Unusable as error:
        raise Invalid(f"the cloud's proof: {error}") from None
    claim = facts["claim"]
    need("value" in claim and claim["name"] == b"anchor/" + names[0].encode(),
         "the cloud's proof is not about this cell's anchor")
    seq, header_hash, history = form(decode(claim["value"], "the anchor's value"),
                                     "the anchor's value", is_uint, is_hash, is_hash)
    header = Header(data, genesis, "the anchored header")
    need((header.seq, header.hash, header.history) == (seq, header_hash, history),
         "the anchored header is not the one that the cloud holds")
    if header.hash == block.hash:
        need(not path, "the anchored header is the block's own, but there is a path")
    else:
        root = tree_root(tree_leaf(block.hash), block.seq - 1, header.seq - 1, path)
        need(root == header.history, "the block is not in the anchored header's history")
    return {"cell": names[0], "seq": seq, "cloud": facts}


def trusted_text(rosters):
    """The eras whose members are taken at their word: "era 1 (raft), eras 3 to 5 (paxos)"; or ""."""
    runs, more = [], 0
    for roster in rosters:
        if not roster.crash_only:
            continue
        if (runs and not more and
                (runs[-1][1] + 1, runs[-1][2]) == (roster.era, roster.protocol)):
            runs[-1][1] = roster.era
        elif len(runs) == TRUSTED_RUNS_MAX:
            more += 1
        else:
            runs.append([roster.era, roster.era, roster.protocol])
    said = ", ".join(f"era {a} ({name})" if a == b else f"eras {a} to {b} ({name})"
                     for a, b, name in runs)
    return said + (f" and {more} more era{'s' if more > 1 else ''}" if more else "")


CLAIMS = [(is_uint, is_bytes(), is_bytes(32), is_uint, is_path, is_bytes(), is_path),
          (is_uint, is_bytes(), is_bytes(), is_path),
          (is_uint, is_bytes(), is_path, anything),
          (is_uint, is_list)]


def certificate_form(certificate):
    for entry in certificate:
        form(entry, "an entry of a certificate", is_uint, is_signature)


def proof_form(data, what):
    """The items of a proof, all of their form; what is in byte strings is not looked at yet."""
    item = form(decode(data, what), what, literal("edgecord/proof/1"), is_list, is_bytes(), is_list,
                is_list, lambda i: i is None or is_list(i))
    _, claim, _, cover, links, anchor = item
    need(claim and is_uint(claim[0]) and claim[0] < len(CLAIMS), "the claim is of no known kind")
    form(claim, "the claim", *CLAIMS[claim[0]])
    if claim[0] == 2 and claim[3] is not None:
        form(claim[3], "the other leaf", is_hash, is_hash)
    if claim[0] == 3:
        for share in claim[1]:
            form(share, "a share", is_uint, is_bytes(96))
    form(cover, "the cover", *(is_list, is_bytes(), is_path)[:1 if len(cover) == 1 else 3])
    certificate_form(cover[0])
    for number, link in enumerate(links, 1):
        form(link, f"era link {number}", is_bytes(), is_list, is_bytes())
        certificate_form(link[1])
    if anchor is not None:
        form(anchor, "the anchor", is_bytes(), is_bytes(), is_path)
    return item


def proof_check(data, genesis, cloud, what="the proof"):
    try:
        _, claim, block_data, cover, links, anchor = proof_form(data, what)
    except Invalid as error:
        raise Unusable(f"not a proof file: {error}") from None
    if genesis.flags & UNSIGNED:
        raise Unusable("the group is unsigned: nothing in it is proven")
    block = Header(block_data, genesis, "the block's header")
    facts = {"claim": None if claim[0] == 3 else claim_check(claim, block, genesis)}
    certified, certificate = cover_check(cover, block, genesis)
    rosters, last = links_check(links, genesis)
    roster = rosters[-1]
    need(last is None or certified.seq > last.seq, "the certified header is of an era that ended "
                                                   "before")
    signers, weight = signers_check(certificate, certified, roster)
    facts["verdict"] = "valid"
    if claim[0] == 3:
        quorum_need(weight, certified, roster)
    if weight < roster.quorum:
        facts["verdict"] = "probabilistic"
        facts["depth"] = depth_check(weight, block, certified, roster, anchor)
        facts["more_than_may_be_faulty"] = weight > roster.liars
    need(1 <= block.era <= len(rosters) and block.roster == rosters[block.era - 1].hash,
         "the block names another roster than its era has")
    if claim[0] == 3:
        facts["claim"] = beacon_check(claim[1], block, rosters[block.era - 1], genesis)
    facts.update(block={"seq": block.seq, "era": block.era, "position": block.position,
                        "stamp_ns": block.stamp, "hash": block.hash},
                 certified={"seq": certified.seq, "era": certified.era, "hash": certified.hash},
                 signers=signers, quorum=roster.quorum, voters=len(roster.voters),
                 era_links=len(links), protocol=roster.protocol,
                 group=f"{genesis.network}/{genesis.group}", anchor=None)
    if anchor is not None:
        if not cloud:
            raise Unusable("it has an anchor, which only the cloud's genesis can judge: give it (--cloud)")
        facts["anchor"] = anchor_check(anchor, block, genesis, cloud)
    trusted = [trusted_text(rosters)] if trusted_text(rosters) else []
    if anchor is not None and facts["anchor"]["cloud"]["trusted_eras"]:
        trusted.append("the cloud's " + facts["anchor"]["cloud"]["trusted_eras"])
    facts["trusted_eras"] = "; ".join(trusted)
    if trusted and facts["verdict"] == "valid":
        facts["verdict"] = "valid-if-no-member-lied"
    return facts


# ---- For people ----------------------------------------------------------------------------


def time_text(ns):
    try:
        time = datetime.datetime.fromtimestamp(ns // 10**9, datetime.timezone.utc)
        return f"{time:%Y-%m-%dT%H:%M:%S}.{ns % 10**9 // 10**6:03d}Z"
    except (ValueError, OverflowError, OSError):
        return f"{ns} ns"


def claim_lines(claim):
    if "author" in claim:
        code = claim["result"]
        name = RESULTS[code] if code < len(RESULTS) else "?"
        yield f"envelope {claim['id'].hex()}"
        yield f"  signed by {claim['author'].hex()}"
        yield f"  kind {claim['kind']}, lane {claim['lane']}, sequence {claim['sequence']}"
        yield f"  stands at {claim['index']} of the block, with result {code} ({name})"
    elif "beacon" in claim:
        yield f"beacon {claim['beacon'].hex()}"
        yield f"  by the shares of voters {', '.join(map(str, claim['voters']))}"
    elif "value" in claim:
        yield f"the state holds {claim['name']!r}: {claim['value'].hex()}"
    else:
        yield f"the state holds nothing under {claim['absent']!r}"


def report(facts):
    if facts["verdict"] == "valid":
        yield "valid"
    elif facts["verdict"] != "probabilistic":
        yield "valid if no member lied"
    else:
        yield f"probabilistic, depth {facts['depth']}: no quorum signed it"
        yield ("  holds unless the order was revised deeper than that, or " +
               ("more members lied than may be faulty" if facts["more_than_may_be_faulty"] else
                "those who signed lied: they are no more than may be faulty"))
    if facts["trusted_eras"]:
        yield f"  holds if no member lied: {facts['trusted_eras']}"
    yield from claim_lines(facts["claim"])
    block, certified = facts["block"], facts["certified"]
    yield f"block {block['seq']} of {facts['group']}, {block['hash'].hex()}"
    yield f"  era {block['era']}, position {block['position']}, {time_text(block['stamp_ns'])}"
    if certified["seq"] != block["seq"]:
        yield f"  covered by block {certified['seq']} of era {certified['era']}"
    yield (f"signed by {len(facts['signers'])} of {facts['voters']} voters, a quorum weighs "
           f"{facts['quorum']}: {', '.join(facts['signers'])}")
    if facts["era_links"]:
        yield f"  their roster follows from the genesis by {facts['era_links']} era links"
    if isinstance(facts["anchor"], dict):
        anchor = facts["anchor"]
        yield f"anchored in {anchor['cloud']['group']}: block {anchor['seq']} of {anchor['cell']}"
    if "absent" in facts["claim"]:
        yield "not proven: that this is the name that was asked for: compare it"
    if "beacon" in facts["claim"]:
        yield "not proven: that nobody knew it before, if as many as gave shares plotted"
    yield "not proven: that the stamp is the true time; that old keys were not stolen since"


def plain(item):
    """For JSON: bytes as hex."""
    if isinstance(item, dict):
        return {key: plain(value) for key, value in item.items()}
    return item.hex() if isinstance(item, bytes) else item


def file_read(path):
    with open(path, "rb") as file:
        return file.read(SIZE_MAX + 1)


def judge(path, genesis, cloud):
    """(exit code, why or None, facts or None) of one file."""
    try:
        facts = proof_check(file_read(path), genesis, cloud)
        return VERDICTS[facts["verdict"]], None, facts
    except OSError as error:
        return 2, f"unusable: {error}", None
    except Unusable as error:
        return 2, f"unusable: {error}", None
    except Invalid as error:
        return 1, f"invalid: {error}", None


def tell(path, verdict, options):
    """The verdict on one proof, alone or as a line of many."""
    code, why, facts = verdict
    many = len(options.proof) > 1
    if options.json and code != 2:
        said = {"valid": code == 0, **plain(facts)} if facts else {
            "valid": False, "verdict": "invalid", "why": why.removeprefix("invalid: ")}
        print(json.dumps({"proof": path, **said} if many else said))
    elif code == 2 and (options.json or not many):
        print(f"{path}: {why}" if many else why, file=sys.stderr)
    elif many:
        print(f"{path}: {why or facts['verdict']}")
    else:
        print(why or "\n".join(report(facts)))


def main():
    parser = argparse.ArgumentParser(description="verifies proof files with the genesis alone")
    parser.add_argument("proof", nargs="+")
    parser.add_argument("--genesis", required=True)
    parser.add_argument("--cloud", help="the cloud's genesis, to check the anchor")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        genesis = Genesis(file_read(options.genesis))
        cloud = Genesis(file_read(options.cloud)) if options.cloud else None
    except (OSError, Invalid) as error:
        print(f"unusable: {error}", file=sys.stderr)
        return 2
    worst = 0
    for path in options.proof:
        verdict = judge(path, genesis, cloud)
        tell(path, verdict, options)
        worst = max(worst, verdict[0], key=SEVERITY.index)
    return worst


if __name__ == "__main__":
    sys.exit(main())
