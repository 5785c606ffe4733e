"""eras.py - changes of era as owners make them: era keys beside a node's, and votes for rosters."""
import os
import secrets

from network import Author, proof, wait_for
from verify_proof_test import encode

VOTES = 9  # the lane of votes
NAMES = ("era.key", "next.key", "era.key.retired")


class Keys:
    """The era keys of one node, as its folder holds them."""

    def __init__(self, node, genesis):
        self.node, self.genesis = node, genesis
        self.identity = bytes.fromhex(node.key)
        self.before = None  # the seed of the key that the next one replaces

    def path(self, name):
        return os.path.join(self.node.folder, name)

    def of(self, name):
        """Whose key is in a file; None when it is not there."""
        try:
            return Author(self.path(name), self.genesis)
        except FileNotFoundError:
            return None

    def next_make(self):
        """While the node does not run: a next.key, unless there is one.  Returns: its public half."""
        self.before = self.of("era.key").seed
        if not os.path.exists(self.path("next.key")):
            with open(os.open(self.path("next.key"), os.O_WRONLY | os.O_CREAT, 0o600), "w",
                      encoding="ascii") as file:
                file.write(secrets.token_hex(32) + "\n")
        return self.of("next.key").key

    def left(self):
        """Files of the node that hold the seed of the key before."""
        found = []
        for where, _, files in os.walk(self.node.folder):
            for name in files:
                with open(os.path.join(where, name), "rb") as file:
                    data = file.read()
                if self.before in data or self.before.hex().encode() in data:
                    found.append(os.path.join(where, name))
        return found

    def fault(self, named):
        """In: named: the key of its seat.  Returns: what is not as it must be when no past key signs
        any more; "" when all is."""
        held, waits = self.of("era.key"), self.of("next.key")
        if held.key != named:
            return "its era.key is not the one that the roster names"
        if held.seed == self.before:  # the era has not changed
            return "" if waits else "the key that waits for its era is gone"
        left = [name for name in NAMES[1:] if os.path.exists(self.path(name))] or self.left()
        return f"what is left of the key before: {left}" if left else ""


class Voters:
    """The owners of a group: they have their nodes' identity keys."""

    def __init__(self, nodes, genesis):
        self.genesis = genesis
        self.authors = [Author(os.path.join(node.folder, "identity.key"), genesis, VOTES)
                        for node in nodes]

    def roster(self, node):
        """The roster that was decided last, as a list."""
        items = wait_for(lambda: (got := node.state("r/next")) is not None and [got], 10)[0]
        if items:
            return proof.decode(items[0][1], "a roster")
        with open(self.genesis, "rb") as file:
            return proof.decode(proof.decode(file.read(), "a genesis")[4], "a roster")

    def key_of(self, node):
        """The era key of a node's seat."""
        return {seat[0]: seat[1] for seat in self.roster(node)[4]}[bytes.fromhex(node.key)]

    def next_roster(self, node, keys=None):
        """The one in force, an era on.  In: keys: {identity key: its new era key}."""
        roster = self.roster(node)
        roster[1] += 1
        for seat in roster[4]:
            seat[1] = (keys or {}).get(seat[0], seat[1])
        return roster

    def vote(self, node, roster):
        """Votes by the doors of one node until a quorum has.  Returns: whether it took all."""
        quorum = proof.Roster(encode(roster)).quorum
        for author in self.authors[:quorum]:
            envelope = author.envelope(encode([4, encode(roster)]))
            if not wait_for(lambda: node.submit(envelope)[0] == 200, 5):
                return False
        return True
