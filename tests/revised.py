#!/usr/bin/env python3
"""revised.py - a cell goes from PBFT to GHOSTDAG by work, where two of four go on by themselves and
their receipts are probabilistic; then to GHOSTDAG with pins, and back to PBFT.  Before it
`edgecord up` plays some slots on GHOSTDAG.

usage: tests/revised.py
What no quorum signed must be called probabilistic by both verifiers, over both doors, and valid once
the others are back; receipts of all eras verify from the genesis.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import json
import os
import signal

from documented import wrong
from network import Author, Checks, Network, agreement, run, wait_for
from receipts import c_verifies, python_verifies

VALID, PROBABILISTIC = 0, 3  # exit codes of both verifiers
checks = Checks()
check = checks.check


def day(folder):
    code, out, errors = run("up", "--dir", folder, "--protocol", "ghostdag", "--option", "pinned=1",
                            "--cells", 1, "--cloud", 0, "--homes", 3, "--slots", 6, "--exit",
                            "--json", timeout=120)
    bad = code or wrong("up --exit", out)
    said = {} if bad else json.loads(out)
    check(not bad and said["money_conserved"] is True and said["bill_lines"] > 0 and
          said["certificates"] > 0 and said["nodes_up"] == said["nodes"],
          "up --protocol ghostdag --option pinned=1: bills, money and certificates",
          (code, bad, said, errors[-300:]))


def switched(network, era, protocol, *pairs):
    options = [word for pair in pairs for word in ("--option", pair)]
    code, out, errors = run("node", "switch", "--protocol", protocol, *options,
                            os.path.join(network.folder, "cell1"), "--json", timeout=120)
    said = {} if code else json.loads(out)
    return check((said.get("era"), said.get("protocol")) == (era, protocol),
                 f"node switch: era {era} is {protocol} {' '.join(pairs)}", (code, errors[-300:]))


def noted(node, author, what):
    """Submits a note.  Returns: its id; None when it was not done."""
    identity, salt, data = author.note()
    status, said = node.submit((identity, salt, data))
    good = status == 200 and said["result"] == "done"
    return identity if check(good, f"{what}: a note is final", (status, said)) else None


def judged(network, path, exit_code, words, what):
    genesis = network.genesis("cell1")
    code, said = c_verifies(path, genesis)
    check(code == exit_code and words in said, f"{what}: `verify` exits {exit_code}", (code, said))
    check(python_verifies(path, genesis) == exit_code,
          f"{what}: tools/verify_proof.py agrees")
    code, out, _ = run("verify", path, "--genesis", genesis, "--json")
    check(code == exit_code and not wrong("verify", out), f"{what}: --json is as documented",
          (code, wrong("verify", out)))


def certified(network, node, identity, changes, what):
    """Its receipt comes, certified, and leads from the genesis to an era so many changes on."""
    path = os.path.join(network.folder, "proof")
    answer = wait_for(lambda: (r := node.receipt(identity))[0] == 200 and r, 20)
    if not check(answer, f"{what}: a certificate comes", node.receipt(identity)):
        return
    with open(path, "wb") as file:
        file.write(answer[1])
    judged(network, path, VALID, f"rosters    {changes} change", what)


def by_depth(network, node, identity, what):
    """No quorum is there to sign: what two signed is called what it is."""
    path = os.path.join(network.folder, "proof")
    resource = f"/v1/receipts/{identity.hex()}"
    status, body = node.http("GET", resource)
    check(status == 404 and b"not-yet" in body and b"depth=1" in body,
          f"{what}: there is no certified receipt, and how to have another", (status, body))
    status, body = wait_for(lambda: (r := node.http("GET", resource + "?depth=1"))[0] == 200 and r,
                            10) or (0, b"")
    if check(status == 200, f"{what}: HTTP gives one by depth", (status, body)):
        with open(path, "wb") as file:
            file.write(body)
        judged(network, path, PROBABILISTIC, "PROBABILISTIC, depth ", f"{what}, HTTP")
    code, _, errors = run("receipt", identity.hex(), "--depth", "-o", path, "--node", node.door)
    if check(code == 0, f"{what}: `receipt --depth` gives one", errors):
        judged(network, path, PROBABILISTIC, "no quorum signed it", f"{what}, binary door")


def halved(network, cell, author):
    """By work two of four go on by themselves.  The others are stopped, and so make nothing of
    their own that could be final elsewhere.  Returns: the id of what was ordered."""
    for node in cell[2:]:
        node.process.send_signal(signal.SIGSTOP)
    try:
        identity = noted(cell[0], author, "two of four alone")
        if identity:
            by_depth(network, cell[0], identity, "two of four alone")
    finally:
        for node in cell[2:]:
            node.process.send_signal(signal.SIGCONT)
    return identity


def eras(network):
    cell = network.groups["cell1"]
    author = Author(os.path.join(network.folder, "devices/cell1-home01.key"), network.genesis("cell1"))
    if not check(network.start(), "a cell of four is ready within 30 s"):
        return
    first = noted(cell[1], author, "pbft")
    if not first or not switched(network, 2, "ghostdag", "bits=9", "final_depth=64"):
        return
    alone = halved(network, cell, author)
    if not alone:
        return
    certified(network, cell[0], alone, 1, "once the others are back")
    check(agreement(cell), "and all are at one block with one header")
    if not switched(network, 3, "ghostdag", "pinned=1"):
        return
    pinned = noted(cell[3], author, "with pins")
    if not pinned or not switched(network, 4, "pbft"):
        return
    for identity, what in ((first, "pbft"), (alone, "ghostdag by work"), (pinned, "with pins")):
        certified(network, cell[2], identity, 3, f"over all changes, a note of {what}")
    check(agreement(cell), "all are at one block with one header: one state, one history")


def play(folder):
    day(os.path.join(folder, "day"))
    network = Network(os.path.join(folder, "network"), "--cells", 1, "--cloud", 0, "--homes", 1)
    try:
        eras(network)
    finally:
        network.stop()


checks.play("revised", play)
