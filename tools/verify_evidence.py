#!/usr/bin/env python3
"""verify_evidence.py - judges evidence that a member broke its protocol with nothing but the genesis.

usage: tools/verify_evidence.py EVIDENCE --genesis GENESIS [--through PROOF] [--json]

As verify_proof.py, on which it stands, written from docs/formats.md (Evidence) alone.
--through: evidence of a later era than the first: a proof of the group whose era links lead to the
roster of that era.
Exit 0: valid, prints who is guilty.  1: invalid, prints why.  2: the files cannot be used.
4: valid if no member lied: an era on the way to the roster stands crashes only."""
import argparse
import json
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import verify_proof as proof  # noqa: E402
from verify_proof import Invalid, Unusable, need, sha256  # noqa: E402

NONE = bytes(32)
LEAVES_MAX, HEAD_MAX, PROOF_MAX = 1024, 8192, 4 + 4 + 10 * 32 + 64
PREPREPARE, PREPARE, CHECKPOINT, VIEW_CHANGE, NEW_VIEW, PBFT_BLAME = 1, 2, 4, 5, 6, 13
BLOCK, DAG_BLAME = 1, 8
BITS_AT = 8 * 4  # of ghostdag's options
PBFT_NUMBER_MAX, DAG_NUMBER_MAX = 1 << 62, 1 << 61


class Bytes:
    """Numbers are little-endian; what is too short is invalid."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        need(size <= len(self.data) - self.at, "the evidence ends inside a word")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def block(self, size_max):
        size = self.number(4)
        need(size <= size_max, "a part of the evidence is too large")
        return self.take(size)

    def end(self):
        need(self.at == len(self.data), "bytes follow the end of the evidence")


def signed(key, domain, word):
    """Whether the owner of an era key said (head, digest)."""
    head, digest, shown = word
    part = Bytes(shown)
    index, count = part.number(4), part.number(4)
    need(1 <= count <= LEAVES_MAX, "a proof of a word is of no such tree")
    path = []
    while len(shown) - part.at > 64:
        path.append(part.take(32))
    signature = part.take(64)
    part.end()
    leaf = sha256(b"\0", domain, struct.pack("<I", len(head)), head, digest)
    root = proof.tree_root(leaf, index, count, path)
    text = b"edgecord/message/1" + domain + struct.pack("<I", count) + root
    need(proof.ed25519_verify(key, text, signature), "a word is not signed by the member's era key "
                                                     "for this group and era")


def pbft_word(word, member):
    """(the one matter, what is said of it)."""
    head, digest = Bytes(word[0]), word[1]
    kind = head.number(1)
    need(kind in (PREPREPARE, PREPARE, CHECKPOINT, VIEW_CHANGE, NEW_VIEW),
         "a word is of a kind of which there may be more than one")
    view = 0 if kind == CHECKPOINT else head.number(8)
    position = 0 if kind in (VIEW_CHANGE, NEW_VIEW) else head.number(8)
    need(max(view, position) <= PBFT_NUMBER_MAX, "a view or position is too large")
    says = (digest, member)
    if kind == PREPARE:
        says = (head.take(32), head.number(4))
    elif kind == CHECKPOINT:
        says = (head.take(32), 0)
    head.end()
    return (PREPARE if kind == PREPREPARE else kind, view, position), says


def ghostdag_word(word, member):
    head = Bytes(word[0])
    need(head.number(1) == BLOCK, "a word is no block")
    need(head.number(4) == member, "a block is made by another member")
    number = head.number(8)
    need(number <= DAG_NUMBER_MAX, "a block's number is too large")
    head.take(8)
    head.take(32 * head.number(1))
    head.end()
    return number, word[:2]


def words_check(roster, domain, member, head, body):
    """Two words of one matter that differ, both signed by the member."""
    blames = {"pbft": (PBFT_BLAME, pbft_word), "ghostdag": (DAG_BLAME, ghostdag_word)}
    need(roster.protocol in blames, f"no word proves a lie in {roster.protocol}")
    kind, reads = blames[roster.protocol]
    need(head == struct.pack("<BI", kind, member), "the head blames nobody, or another member")
    need(kind != DAG_BLAME or not any(roster.options[BITS_AT:BITS_AT + 4]),
         "blocks by work may have one number")
    part = Bytes(body)
    words = [(part.block(HEAD_MAX), part.take(32), part.block(PROOF_MAX)) for _ in range(2)]
    part.end()
    (one, first), (two, second) = (reads(word, member) for word in words)
    need(one == two, "the two words are not about one matter")
    need(first != second, "the two words say the same")
    for word in words:
        signed(roster.members[member][1], domain, word)


class Options(proof.Roster):
    """A roster with its options."""

    def __init__(self, data):
        super().__init__(data)
        self.options = proof.decode(data, "a roster")[3]


def roster_of(era, genesis_data, through):
    """(the roster of an era, the eras on the way whose members are taken at their word)."""
    genesis = proof.Genesis(genesis_data)
    if era == 1:
        return Options(proof.decode(genesis_data, "the genesis")[4]), ""
    if through is None:
        raise Unusable(f"it is of era {era}: give a proof whose era links lead to its roster "
                       "(--through)")
    try:
        facts = proof.proof_check(through, genesis, None)
        need(facts["verdict"] != "probabilistic", "no quorum signed it")
        links = proof.proof_form(through, "the proof")[4]
    except Invalid as error:
        raise Unusable(f"the proof that should lead to era {era}: {error}") from None
    if era - 1 > len(links):
        raise Unusable(f"the proof leads to era {len(links) + 1} only")
    return Options(links[era - 2][2]), facts["trusted_eras"]


def evidence_check(data, genesis_data, through=None):
    """Returns: facts."""
    genesis = proof.Genesis(genesis_data)
    try:
        _, named, era, member, head, body = proof.form(
            proof.decode(data, "the evidence"), "the evidence",
            proof.literal("edgecord/evidence/1"), proof.is_hash, proof.is_count, proof.is_uint,
            proof.is_bytes(), proof.is_bytes())
    except Invalid as error:
        raise Unusable(f"it is no evidence: {error}") from None
    if genesis.flags & 1:
        raise Unusable("the group is unsigned: nothing in it is proven")
    need(named == genesis.hash, "it is of another group")
    roster, trusted = roster_of(era, genesis_data, through)
    need(member < len(roster.members), f"there is no member {member} in era {era}")
    domain = sha256(b"edgecord/domain/1", genesis.hash, era.to_bytes(8, "little"),
                    roster.protocol.encode())
    words_check(roster, domain, member, head, body)
    seat = roster.members[member]
    return {"verdict": "valid-if-no-member-lied" if trusted else "valid", "era": era,
            "member": member, "owner": seat[4], "protocol": roster.protocol,
            "identity_key": seat[0], "era_key": seat[1], "trusted_eras": trusted}


def main():
    parser = argparse.ArgumentParser(description="judges evidence with the genesis alone")
    parser.add_argument("evidence")
    parser.add_argument("--genesis", required=True)
    parser.add_argument("--through", metavar="PROOF")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        through = proof.file_read(options.through) if options.through else None
        facts = evidence_check(proof.file_read(options.evidence),
                               proof.file_read(options.genesis), through)
    except (OSError, Unusable) as error:
        print(f"unusable: {error}", file=sys.stderr)
        return 2
    except Invalid as error:
        print(json.dumps({"verdict": "invalid", "why": str(error)}) if options.json else
              f"invalid: {error}")
        return 1
    if options.json:
        print(json.dumps(proof.plain(facts)))
    else:
        print(facts["verdict"].replace("-", " "))
        print(f"guilty: {facts['owner']}, member {facts['member']} of era {facts['era']}, broke "
              f"the protocol {facts['protocol']}; identity key {facts['identity_key'].hex()}")
    return proof.VERDICTS[facts["verdict"]]


if __name__ == "__main__":
    sys.exit(main())
