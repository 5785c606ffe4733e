"""receipts.py - what proofs of a real run must stand: all of them both verifiers; some every byte
flipped in turn, too few signers, one signer twice, other people's rosters.

A step gives Trial its checks; as a step of the whole ./test the flips are judged in one process
(build/proof_tool, the same C code), else each by `edgecord verify` as anyone would."""
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from network import BUILD, ROOT, proof, run
import verify_proof_test as made

PROOF_TOOL = os.path.join(BUILD, "proof_tool")
VERIFY_PYTHON = os.path.join(ROOT, "tools/verify_proof.py")
FEW = 200  # paths in one command line
CERTIFICATE, HEADER, ROSTER = 0, 0, 2  # places in a cover and an era link


def python_verifies(path, genesis, cloud=None):
    done = subprocess.run([sys.executable, VERIFY_PYTHON, path, "--genesis", genesis,
                           *(["--cloud", cloud] if cloud else [])], capture_output=True, check=False)
    return done.returncode


def c_verifies(path, genesis, cloud=None):
    """Returns: exit code, what it printed."""
    code, out, errors = run("verify", path, "--genesis", genesis,
                            *(["--cloud", cloud] if cloud else []))
    return code, out + errors


def leads(check, network, identity, what, changes, expected=0):
    """From the genesis alone, over so many changes of roster, by both verifiers.  Returns: the
    proof's file."""
    path, genesis = os.path.join(network.folder, "proof"), network.genesis("cell1")
    code, _, errors = run("receipt", identity.hex(), "-o", path, "--node",
                          os.path.join(network.folder, "cell1"))
    if check(code == 0, f"receipt of {what}: fetched", errors):
        code, said = c_verifies(path, genesis)
        check(code == expected and f" {changes} change" in said,
              f"receipt of {what}: `verify` exits {expected}, changes of roster: {changes}",
              (code, said))
        check(python_verifies(path, genesis) == expected,
              f"receipt of {what}: tools/verify_proof.py agrees")
    return path


# ---- Many -----------------------------------------------------------------------------------


def committed(node):
    """Ids of the envelopes that the state names: readings, and orders that traded."""
    readings = [proof.decode(value, "a reading") for _, value in node.state("reading/")]
    trades = [proof.decode(value, "a trade") for _, value in node.state("trade/")]
    return {reading[6] for reading in readings} | {i for trade in trades for i in trade[5:7]}


def fetched(members, identities, folder):
    """Writes the receipt of each by the members in turn.  Returns: the paths of those that came."""
    os.makedirs(folder)

    def one(numbered):
        number, identity = numbered
        status, data = members[number % len(members)].receipt(identity)
        path = os.path.join(folder, identity.hex())
        if status == 200:
            with open(path, "wb") as file:
                file.write(data)
        return path if status == 200 else None
    with ThreadPoolExecutor(2 * os.cpu_count()) as pool:
        return [path for path in pool.map(one, enumerate(identities)) if path]


def all_verify(check, network, wanted, what):
    """Both verifiers on the receipt of every envelope: {cell: ids}; the second in one process a
    cell."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        paths = {cell: fetched(network.groups[cell], ids, os.path.join(folder, cell))
                 for cell, ids in wanted.items()}
        asked, came = sum(map(len, wanted.values())), sum(map(len, paths.values()))
        check(asked and came == asked, f"receipts of {what}: all {asked} are there",
              f"{asked - came} are not")
        said = [(path, *verdict) for cell in paths for path, verdict in zip(
            paths[cell], pool.map(lambda path, cell=cell: c_verifies(path, network.genesis(cell)),
                                  paths[cell]))]
        bad = [each for each in said if each[1] != 0]
        check(came and not bad, f"receipts of {what}: edgecord verify takes all {came}", bad[:3])
        second = {cell: pool.submit(subprocess.run, [
            sys.executable, VERIFY_PYTHON, *map(os.path.basename, paths[cell]), "--genesis",
            network.genesis(cell)], cwd=os.path.join(folder, cell), capture_output=True, text=True,
            check=False) for cell in paths}
        lines = [line for job in second.values() for line in job.result().stdout.splitlines()]
        bad = [line for line in lines if not line.endswith(": valid")]
        check(len(lines) == came and not bad,
              f"receipts of {what}: tools/verify_proof.py takes all {came}", bad[:3] or lines[:3])


# ---- One, in every way ------------------------------------------------------------------------


class Trial:
    """Proofs of one group.  cloud: the cloud's genesis, with which anchors are judged."""

    def __init__(self, check, folder, genesis, stranger, whole):
        self.check, self.folder, self.whole = check, folder, whole
        self.genesis, self.stranger = genesis, stranger

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def verdicts(self, proofs, cloud):
        """[(exit code, text)] of the program."""
        if self.whole:
            def verdict(numbered):
                path = self.write(f"spoilt.{numbered[0]}", numbered[1])
                said = c_verifies(path, self.genesis, cloud)
                os.unlink(path)
                return said
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                return list(pool.map(verdict, enumerate(proofs)))
        paths = [self.write(f"spoilt.{number}", data) for number, data in enumerate(proofs)]
        lines = []
        for first in range(0, len(paths), FEW):
            done = subprocess.run([PROOF_TOOL, "judge", self.genesis, cloud or "-",
                                   *paths[first:first + FEW]], capture_output=True, text=True,
                                  check=True)
            lines += done.stdout.splitlines()
        for path in paths:
            os.unlink(path)
        return [(int(line[0]), line[2:]) for line in lines]

    def flips(self, path, what, cloud):
        """Every byte, one bit of it; in one process also all bits of it."""
        with open(path, "rb") as file:
            good = file.read()
        masks = (0,) if self.whole else (0, 0xff)
        spoilt = [good[:at] + bytes([good[at] ^ (mask or 1 << at % 8)]) + good[at + 1:]
                  for mask in masks for at in range(len(good))]
        said = self.verdicts(spoilt, cloud)
        passed = [i % len(good) for i, (code, text) in enumerate(said)
                  if code not in (1, 2) or len(text) < 10]
        by = "edgecord verify" if self.whole else "its judge"
        self.check(len(said) == len(spoilt) and not passed,
                   f"proof of {what}: every single byte of {len(good)} flipped is refused, with "
                   f"the reason, by {by}", passed[:20])

    def refused(self, item, cloud, why, text, genesis=None):
        path = self.write("forged", item if isinstance(item, bytes) else made.encode(item))
        code, said = c_verifies(path, genesis or self.genesis, cloud)
        self.check(code == 1 and why in said, text, f"exit code {code}: {said[:200]}")
        code = python_verifies(path, genesis or self.genesis, cloud)
        self.check(code == 1, f"{text}, in Python too", f"exit code {code}")

    def forgeries(self, path, what, cloud):
        """The certificate of a real proof with other signers."""
        with open(path, "rb") as file:
            good = file.read()
        def forged():
            return proof.decode(good, "a proof")
        signers = forged()[3][CERTIFICATE]
        item = forged()
        item[3][CERTIFICATE] = signers[:2]
        self.refused(item, cloud, "signed by 2; a quorum is 3",
                     f"proof of {what}: q-1 signatures are refused")
        item[3][CERTIFICATE] = [signers[0], signers[0], signers[1]]
        self.refused(item, cloud, "twice", f"proof of {what}: one signer twice is refused")
        thieves = [made.Key(f"thief {i}") for i in range(3)]
        header = item[3][1] if len(item[3]) > 1 else item[2]
        text = b"edgecord/certificate/1" + proof.sha256(header)
        item[3][CERTIFICATE] = [[i, key.sign(text)] for i, key in enumerate(thieves)]
        self.refused(item, cloud, "the signature of member 0 is bad",
                     f"proof of {what}: signers who are not in the genesis's roster are refused")
        item = forged()
        item[4] = [[header, signers, made.roster_bytes(2, 4, "thief")]]
        self.refused(item, cloud, "era link",
                     f"proof of {what}: a roster that the group did not decide is refused")
        self.refused(good, cloud, "another group's genesis",
                     f"proof of {what}: by another roster's genesis it is refused", self.stranger)

    def proof(self, path, what, cloud=None):
        """Everything about one good proof."""
        self.check(python_verifies(path, self.genesis, cloud) == 0,
                   f"proof of {what}: tools/verify_proof.py agrees")
        code, said = c_verifies(path, self.genesis, cloud)
        self.check(code == 0 and "signed by" in said and "not proven" in said,
                   f"proof of {what}: edgecord verify says who signed, what is proven and what not",
                   said)
        self.flips(path, what, cloud)
        self.forgeries(path, what, cloud)
