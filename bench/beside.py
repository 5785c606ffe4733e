#!/usr/bin/env python3
"""beside.py - Edgecord's store beside etcd and the C raft library: the same load, alternating runs.

usage: bench/beside.py [--systems NAME,...] [--clients N,...] [--seconds S] [--warm S] [--rounds N]
                       [--payload BYTES] [--no-rest] [--writes N] [--dir DIR] [--json]

Before the first time: `tools/setup --beside` installs etcd and libraft, and `tools/build release bench`
builds; what is absent is skipped, with a line that says so.  A run begins with a new group whose
members stand on one machine and in one folder, every put is on the disks of a majority before it is
acknowledged, and every client is one connection with one put under way, of a value of --payload
bytes to one of 10,000 keys that a generator of the client's number picks.  All loads warm up first.
The systems take turns within a round; a figure is the median of the rounds.

  raft, pbft    Edgecord: `edgecord bench --mode store`, binary door, 3 and 4 members; clients at the
                leader, links between members are TLS 1.3, blocks are certified
  etcd          three members, no TLS, no authentication; gRPC at the member that leads
  craft         bench/craft.c on libraft: three members, each put an entry; clients at the leader
  craft-batch   the same, its caller giving the library what came together as one (at most 64)
  raft-rest, etcd-rest    HTTP/1.1: what --no-rest leaves out; judged by themselves

--writes N (default 1,000,000; 0: not at all) then measures memory: of the largest member when nothing was
written yet, and after N puts of 256 clients; private (RssAnon + RssShmem), and resident (with pages
of mapped files, which the system may take back).  CPU is that of all processes by /proc: servers
and clients apart.  The machine's limits are measured before every run of Edgecord.
Exit: 0, all that is there was measured, whether goals are reached or not; 1, something failed; 2,
usage; 130, interrupted, with all processes and data gone."""
import argparse
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("EDGECORD_BUILD", os.path.join(ROOT, "build"))
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")
MEMBERS = 3
READY_S = 30
SYSTEMS = ("raft", "pbft", "etcd", "craft", "craft-batch")
REST = ("raft-rest", "etcd-rest")
TITLES = {"raft": "Edgecord, Raft, n = 3", "pbft": "Edgecord, PBFT, n = 4", "etcd": "etcd, n = 3",
          "craft": "C raft library, n = 3", "craft-batch": "C raft library, batched, n = 3",
          "raft-rest": "Edgecord, Raft, HTTP", "etcd-rest": "etcd, HTTP"}


class Failed(Exception):
    """A sentence of what went wrong."""


def program(name):
    return os.path.join(BUILD, name)


def free_ports(count):
    """`count` ports in a row on 127.0.0.1, below those of outgoing connections.  Returns: the first."""
    start = 10000 + os.getpid() % 200 * 100
    for first in range(start, 32000 - count, count):
        sockets = []
        try:
            for port in range(first, first + count):
                sockets.append(socket.socket())
                sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sockets[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise Failed("no free ports on 127.0.0.1")


# ---- Processes -----------------------------------------------------------------------------------


class Processes:
    """What was started; ended together, whatever happens."""

    def __init__(self, log):
        self.all, self.log = [], log

    def start(self, *command, **options):
        options.setdefault("stdout", self.log)
        options.setdefault("stdin", subprocess.DEVNULL)
        # In a session of their own: Ctrl-C is ours to hear, and to pass on.
        self.all.append(subprocess.Popen(command, stderr=self.log, start_new_session=True,
                                         **options))
        return self.all[-1]

    def stop(self):
        for process in self.all:
            if process.poll() is None:
                process.terminate()
        for process in self.all:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
            if process.stdin:
                process.stdin.close()
        self.all = []


def cpu_us(processes):
    """User and system time of processes so far."""
    total = 0
    for process in processes:
        with open(f"/proc/{process.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total * TICK_US


def memory(process):
    """Private and resident bytes."""
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
        field = dict(line.split(":", 1) for line in file)
    def size(name):
        return int(field[name].split()[0]) * 1024
    return size("RssAnon") + size("RssShmem"), size("VmRSS")


def largest(processes):
    return [max(each) for each in zip(*map(memory, processes))]


# ---- The systems beside Edgecord -----------------------------------------------------------------


def until(condition, what):
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        try:
            found = condition()
            if found is not None:
                return found
        except (OSError, http.client.HTTPException, ValueError):
            pass
        time.sleep(0.05)
    raise Failed(f"{what} has no leader within {READY_S} s")


def etcd_leads(port):
    call = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        call.request("POST", "/v3/maintenance/status", "{}")
        said = json.load(call.getresponse())
    finally:
        call.close()
    return said.get("leader", "0") != "0" and said["leader"] == said["header"]["member_id"]


def etcd_start(processes, folder):
    """Three members.  Returns: they, and the port of the one that leads."""
    first = free_ports(2 * MEMBERS)
    client = [f"http://127.0.0.1:{first + i}" for i in range(MEMBERS)]
    peer = [f"http://127.0.0.1:{first + MEMBERS + i}" for i in range(MEMBERS)]
    cluster = ",".join(f"m{i}={peer[i]}" for i in range(MEMBERS))
    servers = [processes.start(
        "etcd", "--name", f"m{i}", "--data-dir", os.path.join(folder, f"m{i}"),
        "--listen-client-urls", client[i], "--advertise-client-urls", client[i],
        "--listen-peer-urls", peer[i], "--initial-advertise-peer-urls", peer[i],
        "--initial-cluster", cluster, "--initial-cluster-state", "new",
        "--logger", "zap", "--log-level", "error") for i in range(MEMBERS)]
    def leader():
        return next((first + i for i in range(MEMBERS) if etcd_leads(first + i)), None)
    return servers, until(leader, "etcd")


def craft_leads(port):
    with socket.create_connection(("127.0.0.1", port), 2) as call:
        call.sendall(b"\x06\x00\x00\x00probe\x00")
        return call.recv(1) == b"\x01"


def craft_start(processes, folder, batch):
    first = free_ports(2 * MEMBERS + 2)
    servers = []
    for i in range(1, MEMBERS + 1):
        place = os.path.join(folder, f"m{i}")
        os.mkdir(place)
        servers.append(processes.start(program("bench-craft"), str(i), place, str(first),
                                       str(first + MEMBERS), str(batch)))
    def leader():
        return next((first + MEMBERS + i for i in range(1, MEMBERS + 1)
                     if craft_leads(first + MEMBERS + i)), None)
    return servers, until(leader, "the C raft library")


def run_other(system, clients, options, processes, folder, writes=0):
    if system.startswith("etcd"):
        servers, port = etcd_start(processes, folder)
    else:
        servers, port = craft_start(processes, folder, 64 if system == "craft-batch" else 1)
    idle = None
    if writes:
        time.sleep(10)
        idle = largest(servers)
    load = processes.start(
        program("bench-load"), system.replace("-batch", ""), str(port), str(clients),
        str(86400 if writes else options.seconds), str(0 if writes else options.warm), str(writes),
        str(options.payload), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if load.stdout.readline() != "warm\n":
        raise Failed(f"{system}: the load did not begin")
    before = cpu_us(servers)
    load.stdin.write("go\n")
    load.stdin.flush()
    text = load.stdout.readline()
    used = cpu_us(servers) - before
    if load.wait() or not text:
        raise Failed(f"{system}: the load failed")
    said = json.loads(text)
    said["cpu_us_servers"] = used / said["acknowledged"]
    said["memory_idle"], said["memory_after"] = idle, largest(servers)
    return said


def run_edgecord(system, clients, options, processes, folder, writes=0):
    protocol = system.replace("-rest", "")
    command = [program("edgecord"), "bench", "--mode", "store", "--protocol", protocol, "--members",
               "4" if protocol == "pbft" else "3", "--clients", str(clients), "--payload",
               str(options.payload), "--at", "leader", "--json", "--dir", os.path.join(folder, "cell")]
    command += ["--rest"] if system.endswith("-rest") else []
    command += (["--writes", str(writes), "--seconds", "86400"] if writes else
                ["--seconds", str(options.seconds), "--warm", str(options.warm)])
    process = processes.start(*command, stdout=subprocess.PIPE, text=True)
    text = process.stdout.read()
    if process.wait() or not text:
        raise Failed(f"{system}: edgecord bench failed: {text[-300:]}")
    said = json.loads(text)
    said["cpu_us_servers"] = said["cpu_us_a_request_members"]
    said["cpu_us_clients"] = said["cpu_us_a_request"] - said["cpu_us_servers"]
    members = said["members"]
    said["memory_idle"] = [max(m["rss_before_bytes"] for m in members),
                           max(m["resident_before_bytes"] for m in members)]
    said["memory_after"] = [max(m["rss_after_bytes"] for m in members),
                            max(m["resident_bytes"] for m in members)]
    return said


def run_one(system, clients, options, folder, writes=0):
    """A run of its own in an empty folder.  Returns: what was measured."""
    place = os.path.join(folder, "run")
    os.mkdir(place)
    with open(os.path.join(folder, "log"), "wb") as log:
        processes = Processes(log)
        try:
            run = run_edgecord if system.split("-")[0] in ("raft", "pbft") else run_other
            return run(system, clients, options, processes, place, writes)
        except Failed as why:
            with open(log.name, "rb") as said:
                words = said.read()[-600:].decode("utf-8", "replace").strip()
            raise Failed(f"{why}{': ' if words else ''}{words}") from None
        finally:
            processes.stop()
            shutil.rmtree(place, ignore_errors=True)


# ---- What came of it -----------------------------------------------------------------------------


def absent(system):
    """Why a system cannot be measured here; None when it can."""
    if system.startswith("etcd") and not shutil.which("etcd"):
        return "etcd is not installed (tools/setup --beside)"
    if system.startswith("craft") and not os.path.exists(program("bench-craft")):
        return ("bench-craft is not built: libraft-dev was not installed "
                "(tools/setup --beside, then tools/build release bench)")
    return None


def middle(runs, name):
    return statistics.median(run[name] for run in runs)


def summary(runs):
    """Medians of the runs of one system at one number of clients."""
    names = ("throughput", "p50_ms", "p99_ms", "cpu_us_servers", "cpu_us_clients")
    out = {name: middle(runs, name) for name in names}
    rates = [run["throughput"] for run in runs]
    return {**out, "throughput_min": min(rates), "throughput_max": max(rates), "runs": len(runs)}


def ratio(table, clients, name, over, what="throughput"):
    try:
        return table[clients][name][what] / table[clients][over][what]
    except (KeyError, ZeroDivisionError):
        return None


def goals(table, sizes):
    """Each goal: what, the bound, whether more is better, the ratio or None."""
    def size(k, when):
        try:
            return sizes["raft"][when][k] / sizes["etcd"][when][k]
        except KeyError:
            return None
    return [
        ("operations/s at 64 clients over etcd's", 5, True, ratio(table, 64, "raft", "etcd")),
        ("operations/s at 64 clients over the C raft library's", 1, True,
         ratio(table, 64, "raft", "craft")),
        ("p50 at 1 client over the C raft library's", 1.2, False,
         ratio(table, 1, "raft", "craft", "p50_ms")),
        ("idle memory, private, over etcd's", 0.25, False, size(0, "memory_idle")),
        ("memory after the writes, private, over etcd's", 0.1, False, size(0, "memory_after")),
        ("idle memory, resident, over etcd's (shown)", None, False, size(1, "memory_idle")),
        ("memory after the writes, resident, over etcd's (shown)", None, False,
         size(1, "memory_after")),
    ]


def show_table(table, systems, base):
    if not any(name in row for row in table.values() for name in systems):
        return
    print(f"\n{'clients':>7}  {'system':<32}{'puts/s':>9}  {'(min..max)':<16}{'over ' + base:>10}"
          f"{'p50 ms':>9}{'p99 ms':>9}   CPU us a put: servers  clients")
    for clients, row in table.items():
        for name in systems:
            if name not in row:
                continue
            one, over = row[name], ratio(table, clients, name, base)
            spread = f"({one['throughput_min']:.0f}..{one['throughput_max']:.0f})"
            print(f"{clients:>7}  {TITLES[name]:<32}{one['throughput']:>9.0f}  {spread:<16}"
                  f"{f'{over:.2f}' if over else '-':>10}{one['p50_ms']:>9.2f}{one['p99_ms']:>9.2f}"
                  f"{one['cpu_us_servers']:>25.1f}{one['cpu_us_clients']:>9.1f}")


def show(report):
    table, machine = report["table"], report["machine"]
    print(f"payload {report['payload']} bytes, {report['rounds']} rounds of {report['seconds']} s "
          f"after {report['warm']} s of warm-up, every put durable before its answer")
    show_table(table, SYSTEMS, "etcd")
    show_table(table, REST, "etcd-rest")
    if report["memory"]:
        print(f"\nmemory of the largest member, MB       idle: private  resident   after "
              f"{report['writes']} puts: private  resident")
        for name, one in report["memory"].items():
            idle, after = one["memory_idle"], one["memory_after"]
            print(f"  {TITLES[name]:<32}{idle[0] / 1e6:>19.1f}{idle[1] / 1e6:>10.1f}"
                  f"{after[0] / 1e6:>30.1f}{after[1] / 1e6:>10.1f}")
    if machine:
        print(f"\nmachine     {machine['cores']} cores, {machine['fdatasyncs_s']:.0f} fdatasyncs/s of "
              f"4 KiB, {machine['round_trips_s']:.0f} loopback round trips/s (medians)")
    print()
    for goal in report["goals"]:
        if goal["ratio"] is None:
            continue
        bound = "" if goal["bound"] is None else (
            f"{'at least' if goal['more'] else 'at most'} {goal['bound']}: "
            f"{'reached' if goal['reached'] else 'NOT REACHED'}")
        print(f"{goal['what']:<58}{goal['ratio']:>7.2f}  {bound}")


# ---- The command ---------------------------------------------------------------------------------


def whole(low, high):
    def read(text):
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from {low} to {high}")
        return int(text)
    return read


def listed(one):
    def read(text):
        values = [one(part) for part in text.split(",")]
        if len(set(values)) != len(values):
            raise argparse.ArgumentTypeError(f"'{text}' names one twice")
        return values
    return read


def system_name(text):
    if text not in SYSTEMS:
        raise argparse.ArgumentTypeError(f"there is no system '{text}': {', '.join(SYSTEMS)}")
    return text


def options_read():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n\n")[0],
                                     description=__doc__.split("\n\n", 1)[1], allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", type=listed(system_name), default=list(SYSTEMS))
    parser.add_argument("--clients", type=listed(whole(1, 4096)), default=[1, 16, 64, 256])
    parser.add_argument("--seconds", type=whole(1, 3600), default=5)
    parser.add_argument("--warm", type=whole(0, 600), default=2)
    parser.add_argument("--rounds", type=whole(1, 100), default=3)
    parser.add_argument("--payload", type=whole(1, 1500), default=128)
    parser.add_argument("--no-rest", action="store_true")
    parser.add_argument("--writes", type=whole(0, 100_000_000), default=1_000_000)
    parser.add_argument("--dir")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not all(os.access(program(name), os.X_OK) for name in ("edgecord", "bench-load")):
        sys.exit(f"beside.py: {BUILD} has no programs; build them: tools/build release bench")
    if options.dir and os.path.exists(options.dir):
        parser.error(f"--dir {options.dir} exists: name a folder that is to be made")
    return options


def say(text):
    print(f"beside.py: {text}", file=sys.stderr, flush=True)


def measure(options, systems, folder):
    runs = {clients: {name: [] for name in systems} for clients in options.clients}
    for turn in range(options.rounds):
        for clients in options.clients:
            for name in systems:
                one = run_one(name, clients, options, folder)
                runs[clients][name].append(one)
                say(f"round {turn + 1}, {clients} clients, {TITLES[name]}: "
                    f"{one['throughput']:.0f}/s, p50 {one['p50_ms']:.2f} ms")
    return runs


def report_make(options, runs, sizes):
    table = {clients: {name: summary(each) for name, each in row.items()}
             for clients, row in runs.items()}
    own = [one for row in runs.values() for each in row.values() for one in each
           if "machine_fdatasyncs_s" in one]
    machine = own and {"cores": own[0]["cores"],
                       "fdatasyncs_s": middle(own, "machine_fdatasyncs_s"),
                       "round_trips_s": middle(own, "machine_round_trips_s")}
    judged = [{"what": what, "bound": bound, "more": more, "ratio": value,
               "reached": value is not None and bound is not None and
               (value >= bound if more else value <= bound)}
              for what, bound, more, value in goals(table, sizes)]
    return {"payload": options.payload, "rounds": options.rounds, "seconds": options.seconds,
            "warm": options.warm, "writes": options.writes, "machine": machine or None,
            "table": table, "memory": sizes, "goals": judged}


def main():
    options = options_read()
    wanted = options.systems + ([] if options.no_rest else
                                [name for name in REST if name.split("-")[0] in options.systems])
    for name in wanted:
        if absent(name):
            say(f"skipped {TITLES[name]}: {absent(name)}")
    systems = [name for name in wanted if not absent(name)]
    folder = options.dir or os.path.join(ROOT, "data", f"beside.{os.getpid()}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        os.makedirs(folder)
        runs = measure(options, systems, folder)
        sizes = {}
        for name in systems if options.writes else []:
            if name not in REST:
                one = run_one(name, 256, options, folder, options.writes)
                sizes[name] = {key: one[key] for key in ("memory_idle", "memory_after")}
                say(f"memory, {TITLES[name]}: {one['memory_idle'][0] / 1e6:.1f} MB idle, "
                    f"{one['memory_after'][0] / 1e6:.1f} MB after {one['acknowledged']} puts")
        report = report_make(options, runs, sizes)
        if options.json:
            print(json.dumps(report))
        else:
            show(report)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
    except (Failed, OSError) as why:
        say(str(why))
        sys.exit(1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
