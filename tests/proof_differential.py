#!/usr/bin/env python3
"""proof_differential.py - the two verifiers must agree: on good proofs, and on every spoilt one.

usage: tests/proof_differential.py PROOF_TOOL

Proofs that the program made are judged by tools/verify_proof.py, proofs that its test makes by the
program; then both judge the same mutants: single bits, and parts of the structure changed, dropped,
doubled, exchanged, and encoded again.  Agree means: valid, valid if no member lied in the same eras,
probabilistic, or neither; where form ends and truth begins may be seen differently.  Prints `ok` and `FAIL` lines."""
import glob
import json
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import verify_proof as v  # noqa: E402
import verify_proof_test as made  # noqa: E402

TOOL = sys.argv[1]
BITS, PARTS = 150, 350
HOLDS = (0, 3, 4)  # verdicts: valid, probabilistic, valid if no member lied
failed = 0


def result(good, text):
    global failed
    failed += not good
    print(("ok " if good else "FAIL ") + text)


def theirs(genesis, cloud, paths):
    """[(verdict, why)] of the program."""
    lines = []
    for first in range(0, len(paths), 200):
        run = subprocess.run([TOOL, "judge", genesis, cloud or "-", *paths[first:first + 200]],
                             capture_output=True, text=True, check=True)
        lines += run.stdout.split("\n")[:-1]
    assert len(lines) == len(paths), f"{len(paths)} proofs, {len(lines)} verdicts"
    return [(int(line[0]), line[2:]) for line in lines]


def ours(data, genesis, cloud):
    try:
        facts = v.proof_check(data, genesis, cloud)
        caveat = f"holds if no member lied: {facts['trusted_eras']}"
        code = v.VERDICTS[facts["verdict"]]
        return code, caveat if code == 4 else ""
    except v.Invalid as error:
        return 1, str(error)
    except v.Unusable as error:
        return 2, str(error)


def leaves(item, place=()):
    """Places of everything inside an array, arrays too."""
    if isinstance(item, list):
        for index, part in enumerate(item):
            yield place + (index,)
            yield from leaves(part, place + (index,))


def changed(item, choose):
    """Another item of about the same kind."""
    if isinstance(item, bool) or item is None:
        return choose.choice([None, [], b"", 0])
    if isinstance(item, int):
        return choose.choice([item + 1, max(0, item - 1), 0, 2**63, 2**64 - 1, -1, item ^ 1])
    if isinstance(item, bytes):
        spoilt = bytearray(item or b"\x00")
        spoilt[choose.randrange(len(spoilt))] ^= 1 << choose.randrange(8)
        return choose.choice([bytes(spoilt), item[:-1], item + b"\x00", b"", bytes(len(item))])
    if isinstance(item, str):
        return choose.choice([item + "x", "", item.encode()])
    if isinstance(item, list) and item:
        index = choose.randrange(len(item))
        other = list(item)
        action = choose.randrange(4)
        if action == 0:
            del other[index]
        elif action == 1:
            other.insert(index, item[index])
        elif action == 2:
            choose.shuffle(other)
        else:
            other.append(choose.choice([None, 0, b"", bytes(32), []]))
        return other
    return choose.choice([[], None, [bytes(32)], b"\x80"])


def inside(part, choose):
    """Bytes that hold an encoding, with one item of it changed; others, as a share, like any."""
    try:
        inner = v.decode(part, "a part")
    except v.Invalid:
        return changed(part, choose)
    if isinstance(inner, v.Tag):
        inner.item[choose.randrange(4)] = changed(inner.item[choose.randrange(4)], choose)
    elif isinstance(inner, list) and inner:
        index = choose.randrange(len(inner))
        inner[index] = changed(inner[index], choose)
    return made.encode(inner)


def mutant(data, choose):
    """The proof with one part of its structure changed; parts inside byte strings, too."""
    item = v.decode(data, "the proof")
    place = choose.choice(list(leaves(item)))
    target = item
    for index in place[:-1]:
        target = target[index]
    part = target[place[-1]]
    if isinstance(part, bytes) and len(part) > 64 and choose.random() < 0.7:
        target[place[-1]] = inside(part, choose)
    else:
        target[place[-1]] = changed(part, choose)
    return made.encode(item)


def flipped(data, choose):
    at = choose.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << choose.randrange(8)]) + data[at + 1:]


def kind(verdict):
    """What must be equal: the verdict if it holds, and the caveat that goes with it."""
    return verdict if verdict[0] == 4 else (verdict[0] if verdict[0] in HOLDS else 1)


def unsigned(data):
    """A proof that holds, without who signed it: with less of them it is another, that may hold, too."""
    item = v.decode(data, "it")
    item[3][0] = []
    return made.encode(item)


def agree(name, originals, genesis_data, cloud_data, folder, parts=PARTS):
    """Both on the originals, which hold, and on mutants of them."""
    choose = random.Random(name)
    genesis = v.Genesis(genesis_data)
    cloud = v.Genesis(cloud_data) if cloud_data else None
    proofs = list(originals)
    proofs += [flipped(choose.choice(originals), choose) for _ in range(BITS * parts // PARTS)]
    proofs += [mutant(choose.choice(originals), choose) for _ in range(parts)]
    paths = []
    for number, data in enumerate(proofs):
        paths.append(os.path.join(folder, f"{number}.proof"))
        with open(paths[-1], "wb") as file:
            file.write(data)
    files = {"genesis": genesis_data, "cloud": cloud_data}
    for file_name, data in files.items():
        with open(os.path.join(folder, file_name), "wb") as file:
            file.write(data or b"")
    there = theirs(os.path.join(folder, "genesis"),
                   os.path.join(folder, "cloud") if cloud else None, paths)
    here = [ours(data, genesis, cloud) for data in proofs]
    bad = [f"{number}: the program says {a}, the second verifier {b}"
           for number, (a, b) in enumerate(zip(there, here)) if kind(a) != kind(b)]
    for line in bad[:10]:
        print(line)
    result(not bad, f"{name}: both agree on {len(proofs)} proofs, {sum(h[0] == 0 for h in here)} "
                    f"of them valid, {sum(h[0] == 3 for h in here)} probabilistic, "
                    f"{sum(h[0] == 4 for h in here)} valid if no member lied")
    bare = {unsigned(data) for data in originals}
    forged = [number for number, (data, h) in enumerate(zip(proofs, here))
              if h[0] in HOLDS and data not in originals and v.decode(data, "it")[1][0] != 2 and
              not (3 in (h[0], here[0][0]) and unsigned(data) in bare)]
    for number in forged[:10]:
        print(f"{number}: holds, but differs from its original")
    result(not forged, f"{name}: none that differs from its original, but in who signed it, holds")
    result(all(h[0] in HOLDS for h in here[:len(originals)]), f"{name}: {len(originals)} proofs hold")


def special_cases():
    """(name, proof, genesis, cloud's genesis): what no mutant of a good proof comes to."""
    for number, (what, *_) in enumerate(made.LIES):
        proof, world, _ = made.lie(number)
        yield what, proof, world.genesis, None
    for number, (world, proof, _) in enumerate(made.weighty()):
        yield f"weights, {number}", proof, world.genesis, None
    for number, (proof, world, _) in enumerate(made.probable()):
        yield f"less than a quorum, {number}", proof, world.genesis, None
    for number, (proof, world, _, cloud) in enumerate(made.majorities()):
        yield f"a majority, {number}", proof, world.genesis, cloud
    for what, world, proof, _ in made.rootless():
        yield what, proof, world.genesis, None
    cloud, _ = made.anchored(made.WORLD)
    yield ("an anchor on the anchor's proof", made.anchored_twice(made.WORLD, cloud),
           made.WORLD.genesis, cloud.genesis)


def special_agree(folder):
    """Both judge alike what a lying quorum signs, members with weight, and odd anchors."""
    bad, count = [], 0
    for count, (name, proof, genesis, cloud) in enumerate(special_cases(), 1):
        data = made.encode(proof)
        files = {"proof": data, "genesis": genesis, "cloud": cloud or b""}
        paths = {}
        for file_name, content in files.items():
            paths[file_name] = os.path.join(folder, file_name)
            with open(paths[file_name], "wb") as file:
                file.write(content)
        there = theirs(paths["genesis"], cloud and paths["cloud"], [paths["proof"]])[0]
        here = ours(data, v.Genesis(genesis), cloud and v.Genesis(cloud))
        if kind(there) != kind(here):
            bad.append(f"{name}: the program says {there}, the second verifier {here}")
    for line in bad:
        print(line)
    result(not bad and count > 10, f"both agree on {count} proofs that a lying quorum, or one by "
                                   "weight, or too few signed, or of blocks without a root")


def tool_agrees(what, name, least):
    """Both on proofs that the program makes."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([TOOL, what, folder], check=True)
        with open(os.path.join(folder, "genesis"), "rb") as file:
            genesis = file.read()
        proofs = []
        for path in sorted(glob.glob(os.path.join(folder, "*.proof"))):
            with open(path, "rb") as file:
                proofs.append(file.read())
        result(len(proofs) >= least, f"the program makes {len(proofs)} proofs")
        agree(name, proofs, genesis, None, folder)


def command_says(folder):
    """`edgecord verify` on proofs that members signed: its exit code, verdict and depth."""
    subprocess.run([TOOL, "probable", folder], check=True)
    genesis, bad = os.path.join(folder, "genesis"), []
    for signers in (1, 2, 3):
        for later in (2, 7):
            path = os.path.join(folder, f"by{signers}_{later}.proof")
            run = subprocess.run([os.path.join(os.path.dirname(TOOL), "edgecord"), "verify", path,
                                  "--genesis", genesis, "--json"], capture_output=True, text=True,
                                 check=False)
            said = json.loads(run.stdout)
            expected = (0, "valid", None) if signers == 3 else (3, "probabilistic", later - 2)
            got = run.returncode, said["verdict"], said.get("depth")
            if got != expected or said["proven_unless"].startswith("holds unless") != (signers < 3):
                bad.append((path, got, said))
    for line in bad:
        print(*line)
    result(not bad, "edgecord verify: probabilistic is exit code 3, with the depth")


def command_says_whose_word(folder):
    """`edgecord verify` on proofs over eras that stand crashes only: exit code and caveat."""
    subprocess.run([TOOL, "trusted", folder], check=True)
    genesis, bad = os.path.join(folder, "genesis"), []
    command = [os.path.join(os.path.dirname(TOOL), "edgecord"), "verify", "--genesis", genesis]
    last = "era 2 (raft), eras 4 to 5 (paxos)"
    for name, eras in (("era1", None), ("era2", "era 2 (raft)"), ("era3", "era 2 (raft)"),
                       ("era4", "era 2 (raft), era 4 (paxos)"), ("era5", last), ("first", last)):
        path = os.path.join(folder, f"{name}.proof")
        run = subprocess.run([*command, path, "--json"], capture_output=True, text=True, check=False)
        said = json.loads(run.stdout)
        got = (run.returncode, said["verdict"], said.get("trusted_eras"),
               said["holds_if_no_member_lied"], said["proven_unless"] == "holds if no member lied")
        word = eras is not None
        if got != (4 * word, "valid-if-no-member-lied" if word else "valid", eras, word, word):
            bad.append((path, got))
        text = subprocess.run([*command, path], capture_output=True, text=True, check=False).stdout
        if (f"caveat     holds if no member lied: {eras}\n" in text) != word or (
                text.splitlines()[0] != ("VALID IF NO MEMBER LIED" if word else "VALID")):
            bad.append((path, text))
    for line in bad:
        print(*line)
    result(not bad, "edgecord verify: what holds if no member lied is exit code 4, with the eras")


def main():
    with tempfile.TemporaryDirectory() as folder:
        command_says_whose_word(folder)
    tool_agrees("trusted", "of eras that stand crashes only", 6)
    with tempfile.TemporaryDirectory() as folder:
        command_says(folder)
    tool_agrees("make", "made by the program", 8)
    tool_agrees("apart", "of a group with roots apart", 3)
    tool_agrees("probable", "of a revisable order", 6)
    world = made.WORLD
    proofs = [made.encode(world.proof(seq, later)) for seq, later in (
        (1, None), (4, None), (2, 4), (5, 6), (3, 12), (13, None))]
    proofs += [made.encode(world.proof(3, claim=world.claim_state(name)))
               for name in (b"home/1", b"home/2", b"absent/1", b"absent/2")]
    with tempfile.TemporaryDirectory() as folder:
        agree("made by the document", proofs, world.genesis, None, folder)
    of_five, dealt = made.beacon_world()
    proofs = [made.encode(of_five.proof(seq, later, made.claim_beacon(of_five, dealt, seq, voters)))
              for seq, later, voters in ((6, None, (0, 1)), (7, 9, (1, 4)), (13, None, (2, 3)))]
    with tempfile.TemporaryDirectory() as folder:
        agree("beacons", proofs, of_five.genesis, None, folder)
    of_64, dealt = made.beacon_world(64)
    proofs = [made.encode(of_64.proof(7, None, made.claim_beacon(of_64, dealt, 7, range(42, 64))))]
    with tempfile.TemporaryDirectory() as folder:
        agree("a beacon of 64", proofs, of_64.genesis, None, folder, 20)
    cloud, proofs = made.anchored(world)
    with tempfile.TemporaryDirectory() as folder:
        agree("anchored", proofs, world.genesis, cloud.genesis, folder)
        special_agree(folder)
    return 1 if failed else 0


sys.exit(main())
