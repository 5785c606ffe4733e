#!/usr/bin/env python3
"""data.py - `edgecord up` plays profiles from files: a pair made here, the real ones when they are
there, one that is refused; and Ctrl-C in the middle of a day.

usage: tests/data.py [FOLDER]     EDGECORD_SHARED: where the real profiles are
Prints `ok TEXT`, `FAIL TEXT` or `skipped TEXT` a check.  Exit 0: none failed."""
import csv
import datetime
import gzip
import json
import os
import sys

from network import ROOT, Author, Checks, first_port, proof, run, wait_for
from up import Up

SHARED = os.environ.get("EDGECORD_SHARED", os.path.join(ROOT, "../shared"))
SLOT_S, DAY_SLOTS, SPEED, HOMES, KWP = 900, 96, 4, 4, 4
ENOUGH = 8  # slots
checks = Checks()
check = checks.check


def load_w(column, slot):
    """A multiple of 4, so that each quarter-hour is a whole number of Wh."""
    return 4 * (100 + 37 * column + 11 * (slot % 7) + slot)


def pv_per_mille(slot):
    """Thousandths of rated power: with 4 kWp a Wh a quarter-hour each; dark at night."""
    return max(0, 900 - 20 * abs(slot % DAY_SLOTS - 48))


def write(path, heads, row, slots):
    begin = datetime.datetime(2021, 6, 21, tzinfo=datetime.timezone.utc)
    with open(path, "w", encoding="ascii") as file:
        file.write(",".join(["time", *heads]) + "\n")
        for slot in slots:
            at = begin + datetime.timedelta(seconds=SLOT_S * slot)
            file.write(",".join([f"{at:%Y-%m-%dT%H:%M:%SZ}", *map(str, row(slot))]) + "\n")


def made(folder, slots=range(2 * DAY_SLOTS)):
    """A pair of files of two days.  Returns: loads, PV."""
    load, pv = os.path.join(folder, "load.csv"), os.path.join(folder, "pv.csv")
    write(load, ["a_W", "b_W", "c_W"], lambda slot: [load_w(c, slot) for c in range(3)], slots)
    write(pv, ["pv1_pu"], lambda slot: [f"{pv_per_mille(slot) / 1000:.3f}"], slots)
    return load, pv


# ---- What the cell has of a home -----------------------------------------------------------------


def home_registers(network, index):
    """Of a home of the first cell; (begin of its day, {end of slot: registers})."""
    genesis = network.genesis("cell1")
    with open(genesis, "rb") as file:
        origin_s = proof.Genesis(file.read()).origin // 10**9
    home = network.homes[index]
    key = Author(home.key_file, genesis).key
    items = network.groups["cell1"][0].state("reading/") or []
    mine = [(name, proof.decode(value, "a reading")) for name, value in items
            if name[8:40] == key]
    return origin_s, {int.from_bytes(name[-8:], "big") + SLOT_S: tuple(item[:2])
                      for name, item in mine}


def expected(origin_s, end_s, load_wh, pv_wh):
    """What the registers of a home show that began at the first such time of day in the file."""
    taken = given = 0
    first = origin_s % 86400 // SLOT_S
    for slot in range(first, first + (end_s - origin_s) // SLOT_S):
        net = load_wh(slot) - pv_wh(slot)
        taken, given = taken + max(net, 0), given + max(-net, 0)
    return taken, given


def same_registers(network, index, load_wh, pv_wh, what):
    origin_s, have = home_registers(network, index)
    wrong = {end: (at, expected(origin_s, end, load_wh, pv_wh)) for end, at in have.items()
             if at != expected(origin_s, end, load_wh, pv_wh)}
    check(len(have) >= ENOUGH and not wrong, f"{what}: every register of home {index + 1} is what "
          "the file says", f"{len(have)} readings; wrong: {list(wrong.items())[:3]}")


# ---- Days ----------------------------------------------------------------------------------------


def begun(folder, what, *options):
    """Returns: an `up` that has played some slots; None when it did not come so far."""
    up = Up(folder, "--cells", 1, "--cloud", 0, "--homes", HOMES, "--speed", SPEED, *options)
    if not check(up.adopt(), f"{what}: up starts four nodes and four homes", up.said()[-500:]):
        up.stop()
        return None
    node = up.network.groups["cell1"][0]

    def far():
        items = node.state("total/market")
        trades = items and proof.decode(items[0][1], "totals of the market")[1]
        return trades and all(len(home_registers(up.network, i)[1]) >= ENOUGH
                              for i in range(HOMES))
    check(wait_for(far, 30), f"{what}: every home has {ENOUGH} readings, and some trade")
    return up


def generated(folder):
    """A day of files that were made here, ended by Ctrl-C in its middle."""
    what = "a made pair of files"
    load, pv = made(folder)
    up = begun(os.path.join(folder, "made"), what, "--data", load, "--pv", pv, "--kwp", KWP)
    if not up:
        return
    with_pv = 0, lambda slot: load_w(0, slot) // 4, pv_per_mille
    without = 3, lambda slot: load_w(0, slot) // 4, lambda slot: 0
    try:
        said = up.said()
        check("load.csv: 3 columns, 192 rows, every 900 s" in said and "gaps: none" in said and
              "unit: pu" in said, f"{what}: up says columns, interval, units, gaps", said[:500])
        for index, load_wh, pv_wh in (with_pv, without):
            same_registers(up.network, index, load_wh, pv_wh, what)
        interrupted(up)
    finally:
        up.stop()


def interrupted(up):
    """Ctrl-C while everything runs."""
    children = [child.process for child in up.network.nodes() + up.network.homes]
    check(all(child.poll() is None for child in children), "Ctrl-C comes while all runs")
    code, day = up.interrupt()
    left = [child.pid for child in children if child.poll() is None]
    check(code == 0 and not left and "had to be killed" not in up.said(),
          "Ctrl-C in the middle of a day: exit code 0, no process is left, none had to be killed",
          f"exit code {code}, left {left}: {up.said()[-300:]}")
    check(day and day["nodes_up"] == day["nodes"] == 4 and day["trades_committed"] > 0 and
          day["readings_committed"] >= HOMES * ENOUGH and day["money_conserved"] is True,
          "Ctrl-C in the middle of a day: the summary is printed", day)


def column_w(path, number):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [int(row[number]) for row in list(csv.reader(file))[1:]]


def real(folder):
    """Thirty homes of one file, PV of another."""
    load = os.path.join(SHARED, "data/tum_community_load_15min_W.csv.gz")
    pv = os.path.join(SHARED, "data/lemlab_pv_ev_15min.csv.gz")
    if not (os.path.exists(load) and os.path.exists(pv)):
        print(f"skipped real profiles: {load} and {pv} are not there")
        return
    what = "real loads and PV"
    up = begun(os.path.join(folder, "real"), what, "--data", load, "--pv", pv, "--kwp", 5,
               "--slots", 12, "--exit")
    if not up:
        return
    try:
        watts = column_w(load, HOMES)
        begin = 23 * 3600 // SLOT_S  # the file begins at 23:00 UTC

        def load_wh(slot):
            """As whole Wh of a register that is rounded to the nearest."""
            past = sum(watts[:slot - begin + DAY_SLOTS])
            return (past + watts[slot - begin + DAY_SLOTS] + 2) // 4 - (past + 2) // 4
        same_registers(up.network, HOMES - 1, load_wh, lambda slot: 0, what)
        code, day = up.end(60)
        check(code == 0 and day["readings_committed"] >= HOMES * 12 and day["nodes_up"] == 4,
              f"{what}: the day ends with a reading a home and slot", day)
        check(day["trades_committed"] > 0 and day["energy_traded_wh"] > 0 and
              day["money_conserved"] is True, f"{what}: homes trade, money is conserved", day)
        print("   up:", json.dumps(day))
    finally:
        up.stop()


def refused(folder):
    """What the importer refuses ends `up` before a node starts."""
    rows = [slot for slot in range(3 * DAY_SLOTS) if slot // DAY_SLOTS != 1]
    load, _ = made(folder, rows)
    where = os.path.join(folder, "refused")
    arguments = ["up", "--dir", where, "--cells", 1, "--cloud", 0, "--homes", 1, "--port",
                 first_port() + 50, "--data", load]
    code, out, errors = run(*arguments)
    check(code == 1 and "refused: load.csv:97:" in errors and "--gaps" in errors and not out,
          "a missing day: exit code 1 with file, line and remedy", f"exit code {code}: {errors}")
    write(load, ["a_W", "b"], lambda slot: [400 + slot, f"{0.4 + slot / 1000:.3f}"],
          range(2 * DAY_SLOTS))
    code, out, errors = run(*arguments)
    check(code == 1 and "refused: load.csv" in errors and "'b'" in errors and
          "--unit kW" in errors, "kW for W: exit code 1 with file, column and remedy",
          f"exit code {code}: {errors}")
    check(not os.path.exists(where), "what is refused leaves no network behind")


def play(folder):
    refused(folder)
    generated(folder)
    real(folder)


checks.play("data", play, *sys.argv[1:2])
