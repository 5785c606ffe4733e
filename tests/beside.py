#!/usr/bin/env python3
"""beside.py [FOLDER] - bench/beside.py: it measures what is there, says what is not, refuses what it
does not understand, and leaves nothing behind."""
import json
import os
import signal
import subprocess
import sys

from network import EDGECORD, ROOT, Checks, wait_for

PROGRAM = os.path.join(ROOT, "bench", "beside.py")
SYSTEMS = ("raft", "etcd", "craft")
checks = Checks()
check = checks.check


def refusals(folder):
    for words, why in ((("--clients", "0"), "from 1 to 4096"), (("--clients", "4,4"), "twice"),
                       (("--clients", "1,,2"), "'' is not a whole number"),
                       (("--seconds", "1.5"), "not a whole number"),
                       (("--payload", "1501"), "from 1 to 1500"),
                       (("--systems", "raft,redis"), "no system 'redis': raft, pbft, etcd, craft"),
                       (("--writes", "-1"), "--writes"), (("--dir", folder), "exists"),
                       (("all",), "all"), (("--round", "1"), "--round")):
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=20,
                              check=False)
        check(done.returncode == 2 and not done.stdout and why in done.stderr,
              f"beside.py {' '.join(words[:1])} {words[-1][-8:]}: usage", done)


def measured(folder):
    place = os.path.join(folder, "cells")
    done = subprocess.run([PROGRAM, "--systems", ",".join(SYSTEMS), "--clients", "4", "--seconds",
                           "1", "--warm", "0", "--rounds", "1", "--no-rest", "--writes", "0",
                           "--dir", place, "--json"],
                          capture_output=True, text=True, timeout=120, check=False)
    if not check(done.returncode == 0, "a short comparison ends well", done):
        return
    said = json.loads(done.stdout)
    row = said["table"]["4"]
    for line in done.stderr.splitlines():
        if "skipped" in line:
            print("skipped " + line.split("skipped ")[1])
    absent = done.stderr.count("skipped")
    check(len(row) + absent == len(SYSTEMS) and "raft" in row,
          "every system was measured or is skipped, Edgecord is there", done.stderr)
    check(all(one["throughput"] > 10 and 0 < one["p50_ms"] <= one["p99_ms"] and
              one["cpu_us_servers"] > 1 and one["cpu_us_clients"] > 1 for one in row.values()),
          "each with throughput, latency, and CPU of servers and clients apart", row)
    check(said["machine"]["fdatasyncs_s"] > 1 and said["machine"]["round_trips_s"] > 1,
          "and the machine's limits", said["machine"])
    check(not os.path.exists(place), "its data is gone")


def bounded(folder):
    """What docs/performance.md says of a node's memory, under values that are large."""
    done = subprocess.run([EDGECORD, "bench", "--mode", "store", "--protocol", "raft", "--members",
                           "3", "--clients", "256", "--payload", "1400", "--at", "leader",
                           "--writes", "12000", "--seconds", "120", "--json", "--dir",
                           os.path.join(folder, "bounded")],
                          capture_output=True, text=True, timeout=200, check=False)
    if not check(done.returncode == 0, "a load of large values ends well", done):
        return
    said = json.loads(done.stdout)
    idle = max(member["rss_before_bytes"] for member in said["members"])
    check(idle < 3 << 20, "an idle node holds less than 3 MiB", idle)
    check(said["rss_max_bytes"] < 64 << 20, "one under the load at most 64 MiB",
          said["rss_max_bytes"])


def processes_of(place):
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                if place.encode() in file.read() and int(name) != os.getpid():
                    found.append(int(name))
        except OSError:
            continue
    return found


def interrupted(folder):
    place = os.path.join(folder, "interrupted")
    run = subprocess.Popen([PROGRAM, "--systems", "raft", "--seconds", "60", "--dir", place],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    nodes = wait_for(lambda: len(processes_of(place)) >= 4, 20)
    run.send_signal(signal.SIGINT)
    out, errors = run.communicate(timeout=20)
    check(nodes and run.returncode == 130 and not out and "interrupted" in errors,
          "Ctrl-C ends it", (run.returncode, errors))
    check(wait_for(lambda: not processes_of(place), 5) and not os.path.exists(place),
          "with all its processes and data", processes_of(place))


def play(folder):
    refusals(folder)
    measured(folder)
    bounded(folder)
    interrupted(folder)


checks.play("beside", play, *sys.argv[1:2])
