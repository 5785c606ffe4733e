#!/usr/bin/env python3
"""day.py - the default network through a bad day: `edgecord up` with three cells of four, a cloud
of four and thirty homes; kill -9 of a member of each cell, the cloud away for half of the 96 slots,
kill -9 of all sixteen nodes.

usage: tests/day.py [--whole] [--folder FOLDER]     whole: half as fast; all receipts, by the program
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import argparse
import json
import os
import random
import signal
import time

from network import Author, Checks, Stream, agreement, level, proof, run, unfound, wait_for
from receipts import Trial, all_verify, c_verifies, committed
from up import Up

DAY_SLOTS = 96
CELLS = ("cell1", "cell2", "cell3")
AWAY_S = 4
DELAY_MAX_S = 2.0
SOME = 67  # receipts of each cell when not all are judged
SLOTS_LATE = 3  # that a cell may be behind with clearing
checks = Checks()
check = checks.check


# ---- kill -9 ---------------------------------------------------------------------------------


def victims(network):
    """The leader of the first cell, a follower of each other one: [(cell, node, what)]."""
    chosen = []
    for cell in CELLS:
        leader = wait_for(lambda cell=cell: network.leader(cell), 5)
        if not check(leader, f"{cell}: the members agree who leads"):
            continue
        leads = cell == CELLS[0]
        node = leader if leads else next(n for n in network.groups[cell] if n is not leader)
        chosen.append((cell, node, f"kill -9 of {'the leader' if leads else 'a follower'} of {cell}"))
    return chosen


def kill_one_of_each(network, streams):
    """The worst delay is taken twice: while the members are away, and after all are level again."""
    chosen = victims(network)
    killed, before = time.monotonic(), {cell: streams[cell].count() for cell in CELLS}
    for _, node, _ in chosen:
        node.process.send_signal(signal.SIGKILL)
    for _, node, _ in chosen:
        node.kill()
    time.sleep(AWAY_S)
    worst = {cell: streams[cell].worst(killed) for cell in CELLS}
    count = {cell: streams[cell].count() - before[cell] for cell in CELLS}
    for cell, _, what in chosen:
        check(count[cell] > 20, f"{what}: commits go on while it is away", count[cell])
        check(worst[cell] <= DELAY_MAX_S, f"{what}: no commit is delayed by more than 2 s",
              f"{worst[cell]:.2f} s")
    begin = time.monotonic()
    for _, node, _ in chosen:
        node.start()
    for cell, node, what in chosen:
        others = [other for other in network.groups[cell] if other is not node]
        back = wait_for(lambda node=node, others=others: level(node, others), 20)
        check(back, f"{what}: restarted, it catches up by itself", node.log()[-300:])
        print(f"   {what}: worst delay {worst[cell]:.3f} s, level {time.monotonic() - begin:.2f} s "
              "after its start", flush=True)
    worst = {cell: streams[cell].worst(killed) for cell in CELLS}
    for cell, _, what in chosen:
        check(worst[cell] <= DELAY_MAX_S, f"{what}: nor by its return, until all are level",
              f"{worst[cell]:.2f} s")
    checks.figure("worst commit delay, kill -9 of a member of each cell and its return",
                  "at most 2 s",
                  f"{max(worst.values()):.2f} s", max(worst.values()) <= DELAY_MAX_S)


def kill_all(network, streams):
    """All nodes of all groups, with requests on their way."""
    nodes = network.nodes()
    for node in nodes:
        node.process.send_signal(signal.SIGKILL)
    for node in nodes:
        node.kill()
    time.sleep(0.5)
    begin = time.monotonic()
    ready = network.start()
    check(ready, f"kill -9 of all {len(nodes)} nodes: all are ready again",
          [n.name for n in nodes if not n.is_ready()])
    print(f"   all nodes were ready {time.monotonic() - begin:.2f} s after their start", flush=True)
    before = {cell: streams[cell].count() for cell in CELLS}
    check(wait_for(lambda: all(streams[c].count() > before[c] + 20 for c in CELLS), 20),
          "kill -9 of all nodes: commits go on afterwards in every cell")


def all_found(network, streams, when):
    counts = [unfound(network.groups[cell], streams[cell]) for cell in CELLS]
    missing, asked = map(sum, zip(*counts))
    check(asked and not missing, f"{when}: every acknowledged envelope is found in its block",
          f"{missing} of {asked} are missing")


# ---- The cloud away --------------------------------------------------------------------------


def anchored(network, cell):
    """The cell's block that the cloud anchored last; 0: none, or no answer."""
    items = network.groups["cloud"][0].state("anchor/" + cell)
    return proof.decode(items[0][1], "an anchor")[0] if items else 0


def market(network, cell):
    """(trades, cleared slots) since the day began."""
    items = network.groups[cell][1].state("total/market")
    total = proof.decode(items[0][1], "totals of the market") if items else [0] * 7
    return total[1], total[3]


def trades(network, cell):
    return market(network, cell)[0]


def cloud_away(network, begin, seconds):
    """For half a day, in which the cells go on trading as they did since `begin`."""
    cloud = network.groups["cloud"]
    check(wait_for(lambda: all(anchored(network, cell) for cell in CELLS), 20),
          "the cloud anchors the headers of all cells")
    before = {cell: market(network, cell) for cell in CELLS}
    pace = {cell: before[cell][1] / (time.monotonic() - begin) for cell in CELLS}
    for node in cloud:
        node.process.send_signal(signal.SIGTERM)
    for node in cloud:
        node.stop()
    time.sleep(seconds)
    after = {cell: market(network, cell) for cell in CELLS}
    new = {cell: after[cell][0] - before[cell][0] for cell in CELLS}
    cleared = {cell: after[cell][1] - before[cell][1] for cell in CELLS}
    check(min(new.values()) > 0, f"the cloud is away for {DAY_SLOTS // 2} slots: all cells go on "
          "trading", new)
    check(all(cleared[c] >= pace[c] * seconds - SLOTS_LATE for c in CELLS), "the cloud is away: "
          "the cells clear as many slots as before", (cleared, pace, seconds))
    for node in cloud:
        node.start()
    check(network.wait_ready(cloud, 20), "the cloud is ready again")
    begin = time.monotonic()
    newest = {cell: network.groups[cell][0].status()["certified"] for cell in CELLS}
    caught = wait_for(lambda: all(anchored(network, c) >= newest[c] for c in CELLS), 20)
    check(caught, "the cloud is back: anchors catch up with the newest header of every cell",
          [(c, anchored(network, c), newest[c]) for c in CELLS])
    checks.figure("the cloud away for half a day: anchors caught up, after it was ready",
                  "at most 20 s", f"{time.monotonic() - begin:.2f} s", caught)
    print(f"   {sum(new.values())} trades and {sum(cleared.values())} cleared slots while the cloud "
          f"was away for {seconds:.0f} s", flush=True)


# ---- The end of the day ----------------------------------------------------------------------


def no_gap(network):
    """Late readings come from the outboxes; then no slot of any home may be listed."""
    for cell in CELLS:
        node = network.groups[cell][0]
        meters = node.state("meter/") or []
        check(len(meters) == network.homes_a_cell, f"{cell}: every home has a meter", len(meters))
        gaps = wait_for(lambda node=node: node.state("gap/") == [], 10)
        check(gaps, f"{cell}: no slot is lost: no gap is listed for any home", node.state("gap/"))


def books(network, streams):
    all_found(network, streams, "at the end")
    for cell in CELLS:
        members, stream = network.groups[cell], streams[cell]
        check(not stream.lost and stream.count() > 100,
              f"{cell}: every note of the stream was acknowledged",
              f"{len(stream.lost)} of {stream.count()} not")
        check(agreement(members), f"{cell}: all members are at one block with one header",
              [(s["seq"], s["header"][:8]) if (s := n.status()) else None for n in members])
        check({network.balances(node) for node in members} == {0},
              f"{cell}: the books of all members balance")


def summed_up(up, slots):
    code, day = up.interrupt()
    print("   up:", json.dumps(day))
    check(code == 0, "up: Ctrl-C ends it with exit code 0", code)
    check(day["nodes"] == day["nodes_up"] == 16, "up: all sixteen nodes are up at the end")
    check(day["readings_committed"] >= 30 * slots, "up: a reading a home and slot is committed",
          f"{day['readings_committed']}, {slots} slots")
    check(day["bill_lines"] >= 30 * (slots - 2), "up: all bills are added up against trades and "
          "accounts", day["bill_lines"])
    check(day["trades_committed"] > 0 and day["money_conserved"] is True,
          "up: homes traded, money is conserved")


def receipts(network, streams, whole):
    """On a note, a bill, and a trade's bid with the cloud's anchor."""
    node, genesis = network.groups["cell1"][1], network.genesis("cell1")
    trial = Trial(check, network.folder, genesis, network.genesis("cell2"), whole)
    path = os.path.join(network.folder, "proof")
    trade = proof.decode(node.state("trade/")[-1][1], "a trade")
    wanted = {"a note": ([streams["cell1"].done[-1][0].hex()], None),
              "a bill": (["--state", "0x" + node.state("bill/")[0][0].hex()], None),
              "an anchored bid": ([trade[5].hex(), "--cloud",
                                   os.path.join(network.folder, "cloud")],
                                  network.genesis("cloud"))}
    for what, (arguments, cloud) in wanted.items():
        code, _, errors = run("receipt", *arguments, "-o", path, "--node", node.door)
        if check(code == 0, f"receipt of {what}: fetched", errors):
            trial.proof(path, what, cloud)
            code, said = c_verifies(path, genesis, cloud)
            check(code == 0 and "value      none" not in said, f"proof of {what}: it is there", said)
            check(what != "a bill" or ("value      a bill: day " in said and "\ntotal " in said),
                  f"proof of {what}: shown line by line", said)


def many_receipts(network, streams, whole):
    """Of all readings, orders that traded, and notes of the three cells; or some of them."""
    wanted = {cell: sorted(committed(network.groups[cell][0]) | {i for i, _ in streams[cell].done})
              for cell in CELLS}
    print(f"   {sum(map(len, wanted.values()))} receipts to be had", flush=True)
    if not whole:
        wanted = {cell: random.sample(ids, min(SOME, len(ids))) for cell, ids in wanted.items()}
    all_verify(check, network, wanted, "the three cells")


def play(up, speed, whole):
    if not check(up.adopt(), "up: sixteen nodes and thirty homes are started", up.said()[-300:]):
        return
    begin, network = time.monotonic(), up.network
    streams = {cell: Stream(network.groups[cell],
                            Author(os.path.join(network.folder, "devices", f"{cell}-home01.key"),
                                   network.genesis(cell)), 12, 3) for cell in CELLS}
    check(wait_for(lambda: all(trades(network, c) for c in CELLS), 30), "every cell trades")
    kill_one_of_each(network, streams)
    cloud_away(network, begin, DAY_SLOTS / 2 / speed)
    kill_all(network, streams)
    all_found(network, streams, "kill -9 of all nodes")
    time.sleep(max(0.0, begin + DAY_SLOTS / speed - time.monotonic()))
    slots = int((time.monotonic() - begin) * speed)
    no_gap(network)
    for home in network.homes:
        home.process.send_signal(signal.SIGTERM)
    for home in network.homes:
        home.stop()
    for stream in streams.values():
        stream.stop()
    books(network, streams)
    receipts(network, streams, whole)
    many_receipts(network, streams, whole)
    summed_up(up, slots)


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--folder")
    return parser.parse_args()


def main():
    wanted = options()
    speed = 2 if wanted.whole else 4

    def day(folder):
        up = Up(os.path.join(folder, "network"), "--slots", 100000, "--speed", speed)
        try:
            play(up, speed, wanted.whole)
        finally:
            up.stop()
    checks.play("day", day, wanted.folder)


main()
