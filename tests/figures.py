#!/usr/bin/env python3
"""figures.py - figures of a clean copy of the tree, of the default day, and of the bench.

usage: tests/figures.py [fresh] [idle] [bench] [leaderless]     default: all
The steps day, join, power, seeds and wiped print their own.  Prints a line `ok figure TEXT | GOAL |
MEASURED` or `FAIL figure ...` each.  Exit 0: all goals are reached."""
import itertools
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time

from network import BUILD, ROOT, Checks, Network, first_port, run

MB = 1e6
NOBODY = 65534
INSTALLERS = ("apt-get", "apt", "aptitude", "dpkg", "sudo", "su", "pip", "npm", "snap")
BENCH_S = os.environ.get("EDGECORD_BENCH_SECONDS", "10")
checks = Checks()
figure = checks.figure


# ---- A fresh copy, by somebody who is not root ---------------------------------------------------


class Fresh:
    """The tree without what was built, in a folder of an ordinary user, who has no installer."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="edgecord-fresh.")
        self.tree, traps = os.path.join(self.folder, "tree"), os.path.join(self.folder, "traps")
        self.called = os.path.join(self.folder, "called")
        def made(where, names):
            return [name for name in names if where == ROOT and
                    (name in ("build", "data", ".git") or name.startswith("build-"))]
        shutil.copytree(ROOT, self.tree, symlinks=True, ignore=made)
        os.mkdir(traps)
        for name in INSTALLERS:
            path = os.path.join(traps, name)
            with open(path, "w", encoding="ascii") as file:
                file.write(f"#!/bin/sh\necho {name} \"$@\" >>{self.called}\nexit 1\n")
            os.chmod(path, 0o755)
        self.user = {}
        if os.getuid() == 0:
            self.user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            for where, folders, files in os.walk(self.folder):
                for name in folders + files:
                    os.chown(os.path.join(where, name), NOBODY, NOBODY, follow_symlinks=False)
            os.chown(self.folder, NOBODY, NOBODY)
        self.environment = {**os.environ, "PATH": traps + ":" + os.environ["PATH"],
                            "HOME": self.folder}

    def do(self, *arguments):
        """Returns: exit code, output, errors, seconds."""
        begin = time.monotonic()
        done = subprocess.run(arguments, cwd=self.tree, env=self.environment, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, check=False,
                              **self.user)
        return done.returncode, done.stdout, done.stderr, time.monotonic() - begin

    def calls(self):
        if not os.path.exists(self.called):
            return ""
        with open(self.called, encoding="utf-8") as file:
            return file.read().strip()


def the_day(text, build_s):
    day = json.loads(text)
    figure("first committed trade after the start", "at most 15 s", f"{day['first_trade_s']:.1f} s",
           0 < day["first_trade_s"] <= 15)
    figure("build and first trade (with the packages of tools/setup installed)", "at most 240 s",
           f"{build_s + day['first_trade_s']:.0f} s", build_s + day["first_trade_s"] <= 240)
    figure("default day: commit p50 / p99", "shown",
           f"{day['commit_ms_p50']:.0f} / {day['commit_ms_p99']:.0f} ms")
    figure("default day: readings / trades / Wh traded", "readings at least 30 x 96",
           f"{day['readings_committed']} / {day['trades_committed']} / {day['energy_traded_wh']}",
           day["readings_committed"] >= 30 * 96)
    figure("default day: money conserved", "yes", "yes" if day["money_conserved"] else "no",
           day["money_conserved"])
    figure("default day: certificates / anchors", "shown",
           f"{day['certificates']} / {day['anchors']}", day["anchors"] > 0)
    figure("default day: largest node (RssAnon + RssShmem)", "under 64 MB",
           f"{day['rss_max_bytes'] / MB:.1f} MB", day["rss_max_bytes"] < 64 * MB)
    figure("default day: disk of 16 nodes", "shown", f"{day['disk_bytes'] / MB:.0f} MB")
    figure("default day: cpu_s_per_1000_readings", "shown",
           f"{day['cpu_s_per_1000_readings']:.2f} s")


def fresh():
    copy = Fresh()
    code, _, errors, build_s = copy.do("tools/build", "release", "programs")
    figure("build on a clean folder", "at most 60 s", f"{build_s:.0f} s on {os.cpu_count()} cores",
           build_s <= 60 and checks.check(code == 0, "a clean folder builds", errors[-500:]))
    port = str(first_port())
    code, out, errors, _ = copy.do("./run", "--exit", "--json", "--port", port)
    if checks.check(code == 0, "./run plays the default day, as an ordinary user", errors[-500:]):
        the_day(out, build_s)
    code, out, errors, again_s = copy.do("./run", "--exit", "--slots", "8", "--speed", "4",
                                         "--port", port)
    good = checks.check(code == 0 and "\nmoney conserved: yes\n" in out,
                        "a second ./run ends with its summary", errors[-500:])
    figure("./run again: calls of package managers or sudo; of root", "none",
           copy.calls() or f"none, {again_s:.0f} s for 8 slots", good and not copy.calls())
    for name in ("edgecord", "edgecord-device", "edgecord-sim"):
        path = os.path.join(copy.folder, name)
        shutil.copy(os.path.join(copy.tree, "build", name), path)
        os.chmod(path, stat.S_IRWXU)
        subprocess.run(["strip", path], check=True)
        figure(f"{name}, stripped", "under 5 MB", f"{os.path.getsize(path) / MB:.2f} MB",
               os.path.getsize(path) < 5 * MB)
    shutil.rmtree(copy.folder)


# ---- An idle cell --------------------------------------------------------------------------------


def own_bytes(process):
    """RssAnon + RssShmem."""
    with open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as file:
        lines = dict(line.split(":", 1) for line in file if ":" in line)
    return 1024 * sum(int(lines[name].split()[0]) for name in ("RssAnon", "RssShmem"))


def idle():
    folder = tempfile.mkdtemp(prefix="edgecord-idle.")
    network = Network(os.path.join(folder, "network"), "--cells", 1, "--homes", 1)
    try:
        checks.check(network.start(), "a cell of four is ready within 30 s")
        time.sleep(10)
        most = max(own_bytes(node.process) for node in network.nodes())
        figure("a node idle (RssAnon + RssShmem)", "under 16 MB", f"{most / MB:.1f} MB",
               most < 16 * MB)
    finally:
        network.stop()
        shutil.rmtree(folder)


# ---- The bench -----------------------------------------------------------------------------------


def bench(text, *options, goal="shown", reached=lambda said: True, show=None):
    """Its members must agree with what it reports.  Returns: what it said; None when it failed."""
    code, out, errors = run("bench", *options, "--seconds", BENCH_S, "--json",
                            timeout=120 + 10 * float(BENCH_S))
    try:
        said = json.loads(out)
    except ValueError:
        said = {"agree": False, "why": errors[-300:]}
    if not checks.check(code == 0 and said["agree"], f"bench {text}: all members count what it "
                        "reports", f"edgecord bench {' '.join(options)}: {said.get('why')}"):
        return None
    measured = show(said) if show else (
        f"{said['throughput']:.0f}/s, p50 {said['p50_ms']:.2f} p99 {said['p99_ms']:.2f} p99.9 "
        f"{said['p999_ms']:.2f} ms, {said['cpu_us_a_request']:.0f} us CPU, "
        f"{str(said['unsent']) + ' not sent, ' if said['unsent'] else ''}"
        f"{said['messages_a_request']:.2f} messages and {said['bytes_a_request']:.0f} B a request")
    figure(f"bench {text}", goal, measured, reached(said))
    return said


def at_least(rate):
    return {"goal": f"at least {rate}/s", "reached": lambda said: said["throughput"] >= rate}


def verify_share(said):
    """Of what the cores could check for all members, were they to do nothing else."""
    cell = said["machine_verifies_s_core"] * said["cores"] / len(said["members"])
    return said["throughput"] / cell


def matrix(mode, door, clients, rate):
    """One load of every kind; alone over the binary door, a client waits for 3 ms at most."""
    alone = clients == 1 and not door and not rate and mode != "signed"
    text = (f"{mode}{' over REST' if door else ''}, {clients} clients, "
            f"{'open loop of 1,000/s' if rate else 'closed loop'}")
    return bench(text, "--mode", mode, "--clients", str(clients), *door, *rate,
                 goal="p50 at most 3 ms" if alone else "shown",
                 reached=lambda said: not alone or said["p50_ms"] <= 3)


def benches():
    done = [bench("order, 256 clients x 8", "--mode", "order", "--clients", "256", "--depth", "8",
                  **at_least(50000)),
            bench("ledger, 256 clients x 8", "--mode", "ledger", "--clients", "256", "--depth", "8",
                  **at_least(10000)),
            bench("ledger over REST, 64 clients", "--mode", "ledger", "--clients", "64", "--rest",
                  **at_least(5000)),
            bench("signed, 256 clients x 8", "--mode", "signed", "--clients", "256", "--depth", "8",
                  goal="at least 70 % of cores x verify rate / members",
                  reached=lambda said: verify_share(said) >= 0.7,
                  show=lambda said: f"{100 * verify_share(said):.0f} %, {said['throughput']:.0f}/s, "
                  f"p50 {said['p50_ms']:.1f} p99 {said['p99_ms']:.1f} ms, checks/s a core "
                  f"{said['machine_verifies_s_core_before']:.0f} before, "
                  f"{said['machine_verifies_s_core_after']:.0f} after")]
    done += [matrix(*load) for load in itertools.product(
        ("order", "ledger", "signed"), ([], ["--rest"]), (1, 16, 64, 256), ([], ["--open", "1000"]))]
    done = [said for said in done if said]
    if done:
        most = max(said["rss_max_bytes"] for said in done)
        figure("a node loaded (RssAnon + RssShmem), the largest of all benches", "under 64 MB",
               f"{most / MB:.1f} MB", most < 64 * MB)
        limits = done[0]
        figure("this machine", "shown", f"{limits['cores']} cores, "
               f"{limits['machine_fdatasyncs_s']:.0f} fdatasyncs/s, "
               f"{limits['machine_round_trips_s']:.0f} loopback round trips/s, "
               f"{limits['machine_verifies_s_core']:.0f} Ed25519 checks/s a core")


def epochs(members, clients, depth):
    """HoneyBadgerBFT with keys: what an epoch takes, against what it orders."""
    return bench(f"honeybadger ledger, n = {members}, {clients} clients x {depth}", "--protocol",
                 "honeybadger", "--mode", "ledger", "--members", str(members), "--clients",
                 str(clients), "--depth", str(depth), show=lambda said: f"{said['throughput']:.0f}/s, "
                 f"{said['epoch_s']:.3f} s an epoch of "
                 f"{said['acknowledged'] / max(1, said['epochs']):.0f}, p50 {said['p50_ms']:.0f} ms, "
                 f"{said['cpu_us_a_request']:.0f} us CPU a request, "
                 f"{said['rss_max_bytes'] / MB:.1f} MB a member")


def leaderless():
    bench("honeybadger ledger, 256 clients x 24", "--protocol", "honeybadger", "--mode", "ledger",
          "--clients", "256", "--depth", "24", **at_least(30000))
    bench("honeybadger signed, 256 clients x 8", "--protocol", "honeybadger", "--mode", "signed",
          "--clients", "256", "--depth", "8", goal="at least 60 % of cores x verify rate / members",
          reached=lambda said: verify_share(said) >= 0.6,
          show=lambda said: f"{100 * verify_share(said):.0f} %, {said['throughput']:.0f}/s")
    for members, load in itertools.product((4, 7, 16, 31), ((16, 1), (64, 8), (256, 24))):
        epochs(members, *load)


def main():
    parts = {"fresh": fresh, "idle": idle, "bench": benches, "leaderless": leaderless}
    wanted = sys.argv[1:] or list(parts)
    if set(wanted) - set(parts):
        sys.exit(f"figures.py: one of {', '.join(parts)}, not {' '.join(wanted)}")
    if not os.path.exists(os.path.join(BUILD, "edgecord")):
        sys.exit("figures.py: build it first: tools/build release")
    for name in wanted:
        parts[name]()
    sys.exit(1 if checks.failed else 0)


main()
