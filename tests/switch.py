#!/usr/bin/env python3
"""switch.py - a cell under load goes from PBFT to HoneyBadgerBFT and back: by keys that its members
make themselves, once with all of them there, once with one away.  Before it
`edgecord up` plays a day on HoneyBadgerBFT.

usage: tests/switch.py
Several clients submit all the time by different gateways.  Whatever was acknowledged must be found
once, at one place, by every member; receipts of all eras verify offline from the genesis; a member
that is killed in the HoneyBadger era recomputes its parts of the keys.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

from documented import wrong
from network import Author, Checks, Network, Stream, agreement, run, wait_for
from receipts import c_verifies, python_verifies

CLIENTS, RATE, WORKERS = 3, 40, 3  # notes a second of each client, and its connections
MEMBERS, QUORUM, WORDS = 4, 3, 3   # words of a member in a key generation: enrol, deal, verdict
checks = Checks()
check = checks.check


class Load:
    """Clients with a key each, who begin at different gateways."""

    def __init__(self, network):
        cell, genesis = network.groups["cell1"], network.genesis("cell1")
        self.streams = [
            Stream(cell[i:] + cell[:i],
                   Author(os.path.join(network.folder, f"devices/cell1-home{i + 1:02d}.key"), genesis),
                   RATE, WORKERS) for i in range(CLIENTS)]

    def count(self):
        return sum(stream.count() for stream in self.streams)

    def goes_on(self, more=60, seconds=15):
        """Whether so many more are acknowledged."""
        wanted = self.count() + more
        return wait_for(lambda: self.count() >= wanted, seconds)

    def worst(self, since):
        return max(stream.worst(since) for stream in self.streams)

    def stop(self):
        for stream in self.streams:
            stream.stop()

    def done(self):
        return [each for stream in self.streams for each in stream.done]

    def lost(self):
        return [each for stream in self.streams for each in stream.lost]

    def newest(self):
        return self.streams[0].done[-1][0]


def switch(network, protocol, era):
    """`edgecord node switch`, as a person uses it.  Returns: what it printed; None: it failed."""
    code, out, errors = run("node", "switch", "--protocol", protocol,
                            os.path.join(network.folder, "cell1"), "--json", timeout=120)
    bad = code or wrong("node switch", out)
    said = None if bad else json.loads(out)
    good = said and (said["era"], said["protocol"]) == (era, protocol)
    return said if check(good, f"`edgecord node switch --protocol {protocol}` begins era {era}",
                         (code, bad, errors[-300:])) else None


def statuses(nodes):
    return [node.status() or {} for node in nodes]


def orders_by(nodes, protocol, era, seconds=20):
    """Waits until all of them say so, and hold their parts where the era has keys."""
    keyed = protocol == "honeybadger"

    def all_do():
        return all((s.get("protocol"), s.get("era"), s.get("leaderless"), s.get("keyed"),
                    s.get("sharing"), s.get("ready")) == (protocol, era, keyed, keyed, keyed, True)
                   for s in statuses(nodes))
    return wait_for(all_do, seconds)


def change(network, load, protocol, era):
    """One change under load.  Returns: what the command said, and a note after it; None."""
    begin = time.monotonic()
    said = switch(network, protocol, era)
    if not said or not check(load.goes_on(), f"era {era}: the load goes on"):
        return None
    checks.figure(f"pause of commits at the change to {protocol}, {CLIENTS * RATE} notes a second "
                  "offered", "printed", f"{said['pause_ms']:.0f} ms; worst commit of a client "
                  f"{1000 * load.worst(begin):.0f} ms")
    return said, load.newest()


def keys_shown(node, era, away):
    """What an operator sees of a generation."""
    code, out, _ = run("query", "--keygen", "--node", node.door, "--json")
    items = [] if code else [i for i in json.loads(out)["items"] if i["era"] == era]
    seats = items[0]["seats"] if items else []
    check(len(items) == 1 and items[0]["phase"] == "done" and items[0]["needed"] == 2 and
          [seat["qualified"] for seat in seats] == [i not in away for i in range(MEMBERS)] and
          not any(seat["lied"] or seat["evidence"] for seat in seats),
          f"query --keygen: the keys of era {era} are made, by {MEMBERS - len(away)} of {MEMBERS}",
          out[:600])
    code, out, _ = run("query", "--keygen", "--node", node.door)
    lines = [line for line in out.splitlines() if "in the key" in line]
    check(code == 0 and "done, " in out and len(lines) == MEMBERS - len(away) and
          ("silent" in out) == bool(away), "and in words", out)


def everywhere(nodes, done):
    """Where each member has what was acknowledged.  Returns: how many are not at one place, the
    same at all members, and how many share a place with another."""
    def places(identity):
        answers = [wait_for(lambda node=node: node.ask(f"/v1/envelopes/{identity.hex()}"), 5)
                   for node in nodes]
        return {a and (a["seq"], a["index"]) for a in answers}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda each: places(each[0]), done))
    bad = [at for at, (_, seq) in zip(found, done)
           if len(at) != 1 or None in at or seq not in (None, next(iter(at))[0])]
    return len(bad), len(found) - len({tuple(at)[0] for at in found})


def receipt_verifies(network, identity, what, changes):
    path = os.path.join(network.folder, "proof")
    code, _, errors = run("receipt", identity.hex(), "-o", path, "--node",
                          os.path.join(network.folder, "cell1"))
    if not check(code == 0, f"receipt of {what}: fetched", errors):
        return
    code, said = c_verifies(path, network.genesis("cell1"))
    check(code == 0 and f" {changes} change" in said,
          f"receipt of {what}: valid by the genesis alone, changes of roster: {changes}", said)
    check(python_verifies(path, network.genesis("cell1")) == 0,
          f"receipt of {what}: tools/verify_proof.py agrees")


def died_and_back(cell, load):
    """A member dies in the HoneyBadger era, and finds its parts of the keys again."""
    victim = cell[2]
    victim.kill()
    check(load.goes_on(), "one of four killed, the others go on")
    victim.start()
    check(orders_by([victim], "honeybadger", 2), "it comes back and holds its parts of the keys",
          (statuses([victim]), victim.last_line()))
    code, out, _ = run("status", "--node", victim.door)
    check(code == 0 and "protocol honeybadger" in out and "led by nobody" in out and
          "this one holds its parts" in out,
          "`edgecord status` says that nobody leads, and who holds parts", out)
    check(wait_for(lambda: (s := victim.status()) and s["view"] > 1, 5),
          "and in which epoch it is", victim.status())


def judged(network, cell, load, words, settled):
    """Everything is there once.  In: words: transactions beside the load's; settled: what was
    executed before it."""
    done = load.done()
    check(not load.lost(), "every note of the load was acknowledged", len(load.lost()))
    check(agreement(cell), "all members are at one block with one header: one state, one history")
    bad, shared = everywhere(cell, done)
    check(done and not bad and not shared, f"each of {len(done)} acknowledged notes is found once, "
          "at one place, by every member", (bad, shared))
    status = cell[0].status()
    check(status["executed"] - settled == len(done) + words, "and nothing else was executed: no "
          "note twice", (status["executed"], settled, len(done), words))


def one_away(network, cell):
    """Keys are made and the protocol changed with f members away; who was away takes part without
    parts, and says so."""
    away = cell[3]
    away.stop()
    if not switch(network, "honeybadger", 4):
        return
    check(orders_by(cell[:3], "honeybadger", 4), "with one of four away the others make keys")
    keys_shown(cell[0], 4, {3})
    away.start()
    back = wait_for(lambda: (s := away.status()) and s["ready"] and s["era"] == 4 and s, 20)
    check(back and back["keyed"] and not back["sharing"],
          "who was away takes part without parts of them, and says so", back)
    check(agreement(cell), "and is level with the others")
    one_joins(network, cell)
    who_leads_hands_over(network, cell)


def one_joins(network, cell):
    """A change of members in an era with keys: the next one has keys, too."""
    code, out, errors = run("node", "join", "--no-start", "--json",
                            os.path.join(network.folder, "cell1"), timeout=120)
    if not check(code == 0, "`edgecord node join` in an era with keys", (code, errors[-300:])):
        return
    check(orders_by(cell, "honeybadger", 5), "the members make keys anew, and all hold parts",
          statuses(cell))
    code, out, errors = run("beacon", "--node", cell[1].door, "--genesis",
                            network.genesis("cell1"))
    check(code == 0, "and there is a beacon", (code, errors[-300:]))


def leads(cell):
    """Who leads, if all that run say the same; else None."""
    said = {s.get("leader") for s in statuses(cell) if s}
    return next((i for i, s in enumerate(statuses(cell)) if s.get("leads")), None) \
        if len(said) == 1 else None


def lead(network, number):
    code, out, errors = run("node", "lead", os.path.join(network.folder, f"cell1/node{number}"),
                            "--json", timeout=60)
    return code, out, errors


def who_leads_hands_over(network, cell):
    """By a protocol whose leaders hand over: at a person's word, to the next era, and before the
    node is stopped."""
    code, _, errors = lead(network, 3)
    check(code == 1 and "hands over" in errors, "`edgecord node lead` is refused where nobody "
          "leads, in a sentence", (code, errors[-300:]))
    if not switch(network, "raft", 6) or not check(orders_by(cell, "raft", 6), "status: raft",
                                                   statuses(cell)):
        return
    load = Load(network)
    if not check(load.goes_on(), "raft: the cell is under load"):
        return
    begin = time.monotonic()
    code, out, errors = lead(network, 3)
    check(code == 0 and not wrong("node lead", out) and json.loads(out)["member"] == 2,
          "`edgecord node lead`: node 3 leads", (code, out, errors[-300:]))
    check(wait_for(lambda: leads(cell) == 2, 5), "and all members say so", statuses(cell))
    check(load.goes_on(), "and the load goes on")
    checks.figure("raft: worst commit of a client while a leader hands over at a person's word",
                  "printed", f"{1000 * load.worst(begin):.0f} ms")
    if switch(network, "raft", 7):
        check(orders_by(cell, "raft", 7) and leads(cell) == 2 and cell[2].status()["view"] == 1,
              "who leads is agreed to lead the next era: no election", statuses(cell))
    begin = time.monotonic()
    cell[2].stop()
    others = [cell[0], cell[1], cell[3]]
    check(wait_for(lambda: leads(others) is not None, 10) and
          all(s["view"] == 2 for s in statuses(others)),
          "the leader is stopped: another leads in the very next term", statuses(others))
    check(load.goes_on(), "and the load goes on")
    checks.figure("raft: worst commit of a client while the leader is stopped in order", "printed",
                  f"{1000 * load.worst(begin):.0f} ms")
    load.stop()
    cell[2].start()
    check(agreement(cell), "it comes back, and all are level")


def load_and_switch(network):
    cell = network.groups["cell1"]
    if not check(network.start(), "a cell of four is ready within 30 s"):
        return
    agreement(cell)
    settled = cell[0].status()["executed"]
    load = Load(network)
    if not check(load.goes_on(), "the cell is under load"):
        return
    first = load.newest()
    there = change(network, load, "honeybadger", 2)
    if there:
        check(orders_by(cell, "honeybadger", 2), "status: honeybadger, nobody leads, all hold their "
              "parts", statuses(cell))
        keys_shown(cell[0], 2, set())
        died_and_back(cell, load)
    back = there and change(network, load, "pbft", 3)
    load.stop()
    if not back:
        return
    check(orders_by(cell, "pbft", 3), "status: pbft again, without keys", statuses(cell))
    # Of each change the votes of a quorum and the notes that measured it; before the first a
    # generation is opened and every member says its words.
    words = 2 * QUORUM + there[0]["notes"] + back[0]["notes"] + 1 + MEMBERS * WORDS
    judged(network, cell, load, words, settled)
    for identity, what, changes in ((first, "a note of the first era", 2),
                                    (there[1], "a note of the HoneyBadger era", 2),
                                    (back[1], "a note of the third era", 2)):
        receipt_verifies(network, identity, what, changes)
    one_away(network, cell)


def day(folder, slots, what):
    """`edgecord up` with HoneyBadgerBFT.  Returns: how many groups made keys."""
    code, out, errors = run("up", "--dir", folder, "--protocol", "honeybadger", "--cells", 1,
                            "--homes", 3, "--slots", slots, "--speed", 2, "--exit", "--json",
                            timeout=120)
    bad = code or wrong("up --exit", out)
    said = {} if bad else json.loads(out)
    check(not bad and said["money_conserved"] is True and said["bill_lines"] > 0 and
          said["certificates"] > 0 and said["anchors"] > 0 and said["nodes_up"] == said["nodes"],
          f"up --protocol honeybadger: {what}: bills, money, certificates and anchors",
          (code, bad, said, errors[-300:]))
    return errors.count("members made their keys")


def play(folder):
    days = os.path.join(folder, "days")
    check(day(days, 9, "a day") == 2, "up: the cell and the cloud make their keys first")
    check(day(days, 3, "the day goes on") == 0, "and do not make them again")
    network = Network(os.path.join(folder, "network"), "--cells", 1, "--cloud", 0, "--homes",
                      CLIENTS)
    try:
        load_and_switch(network)
    finally:
        network.stop()


checks.play("switch", play)
