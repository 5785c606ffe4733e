#!/usr/bin/env python3
"""beacon_differential.py - the two verifiers of beacons must agree: on good files and on spoilt ones.

usage: tests/beacon_differential.py BEACON_TOOL

Files that the program made are judged by tools/verify_beacon.py; then both judge mutants of them:
single bits, shares changed, moved, dropped and doubled, another round, domain, key or size of
group.  Agree means: the same value, or none.  Prints `ok` and `FAIL` lines."""
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import verify_beacon as v  # noqa: E402
from verify_proof import encode_bytes, encode_head  # noqa: E402

TOOL = sys.argv[1]
BITS = 60
failed = 0


def result(good, text):
    global failed
    failed += not good
    print(("ok " if good else "FAIL ") + text)


def theirs(cases):
    """The value that the program finds proven in each case, or None."""
    lines = "".join(f"{n} {key.hex()} {domain.hex()} {wanted} {data.hex()}\n"
                    for data, n, key, domain, wanted in cases)
    run = subprocess.run([TOOL, "judge"], input=lines, capture_output=True, text=True, check=True)
    said = run.stdout.split("\n")[:-1]
    assert len(said) == len(cases), f"{len(cases)} files, {len(said)} verdicts"
    return [None if line.startswith("-") else line for line in said]


def ours(case):
    try:
        return v.beacon_check(*case).hex()
    except v.Invalid:
        return None


def encode(domain, wanted, shares):
    text = b"edgecord/beacon/1"
    out = encode_head(4, 4) + encode_head(3, len(text)) + text + encode_bytes(domain)
    out += encode_head(0, wanted) + encode_head(4, len(shares))
    for member, share in shares:
        out += encode_head(4, 2) + encode_head(0, member) + encode_bytes(share)
    return out


def turned(data, bit):
    spoilt = bytearray(data)
    spoilt[bit // 8] ^= 1 << bit % 8
    return bytes(spoilt)


def mutants(case, dice):
    data, n, key, domain, wanted = case
    _, _, _, shares = v.decode(data, "the file")
    for bit in dice.sample(range(8 * len(data)), BITS):
        yield turned(data, bit), n, key, domain, wanted
    again = shares[:-1] + [[shares[-1][0], shares[0][1]]]
    lists = [shares[1:], shares + shares[-1:], shares[::-1], again,
             [[n, share] for _, share in shares], [[63, share] for _, share in shares],
             shares[:-1] + [[(shares[-1][0] + 1) % 64, shares[-1][1]]]]
    for part in range(3):  # a point or a scalar of zeros, or of ones
        for fill in (b"\0", b"\xff"):
            share = shares[0][1]
            spoilt = share[:32 * part] + 32 * fill + share[32 * part + 32:]
            lists.append([[shares[0][0], spoilt]] + shares[1:])
    # z and the order: the same number, another string
    z = int.from_bytes(shares[0][1][64:], "little") + v.ORDER
    lists.append([[shares[0][0], shares[0][1][:64] + z.to_bytes(32, "little")]] + shares[1:])
    for some in lists:
        yield encode(domain, wanted, some), n, key, domain, wanted
    other = turned(domain, 3)
    yield data, n, key, other, wanted
    yield encode(other, wanted, shares), n, key, other, wanted
    yield encode(domain, wanted ^ 1, shares), n, key, domain, wanted ^ 1
    yield data, n, key, domain, wanted ^ 1
    yield data, n, key[::-1], domain, wanted
    yield data, n, (v.BASE + v.point(key[:32], "")).encode() + key[32:], domain, wanted
    yield data, max(1, n - 1), key, domain, wanted
    yield data + b"\0", n, key, domain, wanted


def main():
    dice = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run([TOOL, "make", folder], capture_output=True, text=True, check=True)
        cases, values = [], []
        for line in made.stdout.split("\n")[:-1]:
            name, n, key, domain, wanted, value = line.split(" ")
            with open(os.path.join(folder, name), "rb") as file:
                cases.append((file.read(), int(n), bytes.fromhex(key), bytes.fromhex(domain),
                              int(wanted)))
            values.append(value)
    result([ours(case) for case in cases] == values == theirs(cases),
           f"both verifiers of beacons find the value of {len(cases)} files")
    spoilt = [mutant for case in cases if case[1] <= 7 for mutant in mutants(case, dice)]
    said = [(mutant, ours(mutant), verdict) for mutant, verdict in zip(spoilt, theirs(spoilt))]
    differ = [one for one in said if one[1] != one[2]]
    for mutant, mine, program in differ[:5]:
        print(f"     {mine} and {program}: {mutant[0].hex()}")
    good = sum(one[1] is not None for one in said)
    result(not differ, f"they agree on {len(said)} spoilt ones, of which {good} prove a value")
    return 1 if failed else 0


sys.exit(main())
