#!/usr/bin/env python3
"""restored.py - cells whose members were all put back to an old backup, in sight of a cloud.

usage: tests/restored.py
Nothing inside such a cell can notice: its members agree with one another.  The cloud's anchor can.
Both cells must be named, by their own nodes and by every node of the cloud: one that is still below
the anchored block, and one that has gone beyond it while the cloud was away.  So must a third, which
was put back to before a change of roster, and signs with one that is retired.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import os
import shutil
import subprocess

from network import EDGECORD, Author, Checks, Network, Stream, proof, run, wait_for
from receipts import c_verifies, python_verifies

BELOW, BEYOND = "cell1", "cell2"
MORE = 40  # blocks between the backup and its return
checks = Checks()
check = checks.check


def anchored(network, cell):
    """The cell's block that the cloud anchored last; 0: none, or no answer."""
    items = network.groups["cloud"][0].state("anchor/" + cell)
    return proof.decode(items[0][1], "an anchor")[0] if items else 0


def certified(network, cell):
    status = network.groups[cell][0].status()
    return status["certified"] if status else 0


def alarms(nodes):
    return [(node.status() or {}).get("alarm") or "" for node in nodes]


def load(network, cell, lane, until):
    """Notes, until `until()` holds.  Returns: what it gave."""
    key = os.path.join(network.folder, "devices", f"{cell}-home01.key")
    stream = Stream(network.groups[cell], Author(key, network.genesis(cell), lane), 40)
    result = wait_for(until, 40)
    stream.stop()
    return result


def stop(nodes):
    for node in nodes:
        node.process.send_signal(15)
    for node in nodes:
        node.stop()


def start(network, nodes):
    for node in nodes:
        node.start()
    return network.wait_ready(nodes)


def backup(nodes):
    stop(nodes)
    for node in nodes:
        shutil.copytree(node.folder, node.folder + ".backup")


def put_back(nodes):
    stop(nodes)
    for node in nodes:
        shutil.rmtree(node.folder)
        os.rename(node.folder + ".backup", node.folder)


def grow(network):
    """Both cells are backed up and go on until the cloud has anchored MORE blocks."""
    for lane, cell in enumerate((BELOW, BEYOND), 20):
        nodes = network.groups[cell]
        load(network, cell, lane, lambda cell=cell: certified(network, cell) > 20)
        backup(nodes)
        check(start(network, nodes), f"{cell}: backed up, and ready again")
        goal = certified(network, cell) + MORE
        load(network, cell, lane + 10, lambda cell=cell, goal=goal: anchored(network, cell) > goal)
        check(anchored(network, cell) > goal, f"{cell}: goes on, and is anchored",
              (anchored(network, cell), goal))
    nodes = network.nodes()
    check(not any(alarms(nodes)), "no cell is named while there is one history of each",
          alarms(nodes))


def named(network, cell, by_the_cloud="was restored from an old backup or forked", kept="fork/"):
    """By its own nodes, and by all of the cloud: status, journal, and a proof that lasts."""
    nodes, cloud = network.groups[cell], network.groups["cloud"]
    text, their_text = f"{cell} was restored from an old backup or forked", f"{cell} {by_the_cloud}"
    own = wait_for(lambda: all(text in a for a in alarms(nodes)), 30)
    check(own, f"{cell}: every node of it names it in its status", alarms(nodes))
    theirs = wait_for(lambda: all(their_text in a for a in alarms(cloud)), 30)
    check(theirs, f"{cell}: every node of the cloud names it in its status", alarms(cloud))
    for node, said in (nodes[1], text), (cloud[2], their_text):
        lines = [line for line in node.log().splitlines() if said in line]
        check(lines and " error alarm " in lines[0], f"{cell}: {node.name} logs it as an error",
              lines)
    out = run("status", "--node", nodes[2].door)[1]
    check(f"ALARM      {text}" in out, f"{cell}: `edgecord status` shows it", out)
    path = os.path.join(network.folder, "proof")
    code, _, errors = run("receipt", "--state", kept + cell, "-o", path, "--node",
                          cloud[1].door)
    genesis = network.genesis("cloud")
    good = code == 0 and c_verifies(path, genesis)[0] == 0 and python_verifies(path, genesis) == 0
    check(good, f"{cell}: that it showed two histories can be proven offline", errors)


def stays(network, cell, block):
    """It goes on inside, and nothing of it is anchored."""
    above = load(network, cell, 40, lambda: certified(network, cell) > block + 5)
    check(above, f"{cell}: goes on beyond the anchored block", (certified(network, cell), block))
    check(anchored(network, cell) == block, f"{cell}: nothing of the other history is anchored",
          (anchored(network, cell), block))


def play(network):
    if not check(network.start(), "twelve nodes are ready"):
        return
    grow(network)
    cloud, block = network.groups["cloud"], anchored(network, BELOW)
    put_back(network.groups[BELOW])
    check(start(network, network.groups[BELOW]), f"{BELOW}: put back, and ready: none of its "
          "members can notice")
    load(network, BELOW, 30, lambda: any(alarms(network.groups[BELOW])) or
         certified(network, BELOW) > block - 10)
    check(certified(network, BELOW) < block, f"{BELOW}: is below what is anchored",
          (certified(network, BELOW), block))
    named(network, BELOW)
    stays(network, BELOW, block)
    block = anchored(network, BEYOND)
    stop(cloud)
    put_back(network.groups[BEYOND])
    start(network, network.groups[BEYOND])
    load(network, BEYOND, 31, lambda: certified(network, BEYOND) > block + 10)
    check(certified(network, BEYOND) > block, f"{BEYOND}: goes beyond it while the cloud is away",
          (certified(network, BEYOND), block))
    check(start(network, cloud), "the cloud is ready again")
    named(network, BEYOND)
    check(BELOW in alarms(cloud)[0], "the cloud still names the first cell after its restart",
          alarms(cloud)[0])
    stays(network, BEYOND, block)


def change_era(network, cell):
    """A fifth member joins.  Returns: whether its roster is in force."""
    nodes = network.groups[cell]
    with open(os.path.join(network.folder, "join.said"), "wb") as said:
        with subprocess.Popen([EDGECORD, "node", "join", os.path.join(network.folder, cell)],
                              stdout=said, stderr=said, stdin=subprocess.DEVNULL) as fifth:
            done = wait_for(lambda: all((n.status() or {}).get("era") == 2 for n in nodes), 60)
            done = done and wait_for(
                lambda: anchored(network, cell) == certified(network, cell), 20)
            fifth.terminate()
    return done


def play_retired(network):
    """A cell that goes on as it was before its roster changed."""
    cell = BELOW
    nodes, cloud = network.groups[cell], network.groups["cloud"]
    if not check(network.start(), "a cell and its cloud are ready"):
        return
    load(network, cell, 20, lambda: anchored(network, cell) > 5)
    backup(nodes)
    start(network, nodes)
    if not check(change_era(network, cell), f"{cell}: has another roster, which is anchored"):
        return
    check(not any(alarms(nodes + cloud)), f"{cell}: is not named for it", alarms(nodes + cloud))
    block = anchored(network, cell)
    put_back(nodes)
    check(start(network, nodes), f"{cell}: put back to before it, and ready")
    load(network, cell, 30, lambda: any(alarms(cloud)))
    check((nodes[0].status() or {}).get("era") == 1, f"{cell}: signs as the retired roster")
    named(network, cell, "was restored to before a change of roster, or its former members forked",
          "fork-retired/")
    check(cloud[0].state("fork/" + cell) == [], f"{cell}: its roster of today is not accused")
    check(anchored(network, cell) == block, f"{cell}: the anchor stands")


def main():
    def part(folder):
        for name, cells, act in ("network", 2, play), ("retired", 1, play_retired):
            network = Network(os.path.join(folder, name), "--cells", cells, "--cloud", 4,
                              "--homes", 1)
            try:
                act(network)
            finally:
                network.stop()
    checks.play("restored", part)


main()
