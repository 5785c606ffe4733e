#!/usr/bin/env python3
"""vsync.py - two controllers that share flow rules, and a switch: each is killed, and one sleeps.

usage: tests/vsync.py
The controllers are programs on the C library alone, against a real cell of four with a store; what
the switch says it applied is held against what the controllers say they delivered.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import os
import signal
import socket
import subprocess

from network import BUILD, Checks, Network, wait_for

EXAMPLE = os.path.join(BUILD, "controllers-example")
checks = Checks()
check = checks.check


class Program:
    """The example, with what it says in a file."""

    def __init__(self, folder, name, *words):
        self.path = os.path.join(folder, name)
        with open(self.path, "ab") as out:
            self.process = subprocess.Popen([EXAMPLE, *words], stdin=subprocess.PIPE, stdout=out,
                                            stderr=out)

    def lines(self, kind):
        """What it said of this kind, as lists of words without it."""
        with open(self.path, encoding="utf-8", errors="replace") as file:
            return [line.split()[1:] for line in file if line.startswith(kind + " ")
                    and line.endswith("\n")]

    def write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end(self, number=signal.SIGKILL):
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(number)
        self.process.wait()


class Site:
    """A switch, and the controllers that were started."""

    def __init__(self, network):
        self.network, self.folder, self.lives, self.written = network, network.folder, [], 0
        self.path = os.path.join(self.folder, "s")
        self.switch = Program(self.folder, "switch.log", "switch", self.path)

    def control(self, name):
        number = 1 if name == "a" else 2
        doors = [node.door for node in self.network.groups["cell1"]]
        life = Program(self.folder, f"{name}-{len(self.lives)}.log", "control", name,
                       os.path.join(self.folder, "devices", f"cell1-home0{number}.key"),
                       self.path, *doors[number:], *doors[:number])
        self.lives.append(life)
        return life

    def rules(self, life, count):
        """Gives it rules of their own; returns their matches."""
        matches = [f"10.0.{(self.written + i) // 250}.{(self.written + i) % 250}"
                   for i in range(count)]
        self.written += count
        life.write("".join(f"{match} port{i}\n" for i, match in enumerate(matches)))
        return set(matches)

    def applied(self):
        return {words[3] for words in self.switch.lines("applied")}

    def stop(self):
        for program in [*self.lives, self.switch]:
            if program.process.poll() is None:
                program.end()


def in_view(life, *names):
    """Waits until its newest view is of these members."""
    return wait_for(lambda: (life.lines("view") or [["", ""]])[-1][2:] == list(names), 20)


def applied(site, matches, what):
    good = wait_for(lambda: matches <= site.applied(), 20)
    check(good, what, sorted(matches - site.applied())[:5])


def kills(site):
    """Either controller ends without a word; the other one goes on, and so does who joins anew."""
    a = site.control("a")
    check(in_view(a, "a"), "the first controller is alone", a.lines("view"))
    check(a.lines("state") == [["0", "anew"]], "and begins with no rules", a.lines("state"))
    applied(site, site.rules(a, 20), "its rules reach the switch")
    b = site.control("b")
    check(in_view(b, "a", "b") and in_view(a, "a", "b"), "a second one joins")
    check(b.lines("state") == [["20"]], "and has the rules that there were", b.lines("state"))
    applied(site, site.rules(a, 20) | site.rules(b, 20), "both set rules")
    site.rules(a, 30)
    a.end()
    more = site.rules(b, 20)
    check(in_view(b, "b"), "kill -9 of the first: the second goes on alone", b.lines("view"))
    applied(site, more, "what it was given meanwhile reaches the switch")
    a = site.control("a")
    check(in_view(b, "b", "a") and in_view(a, "b", "a"), "the first comes back, behind the other")
    rules = {words[3] for words in b.lines("rule")}
    check(a.lines("state") == [[str(len(rules | site.first))]], "with all rules", a.lines("state"))
    b.end()
    more = site.rules(a, 20)
    check(in_view(a, "a"), "kill -9 of the second: the first goes on alone", a.lines("view"))
    applied(site, more, "what it was given meanwhile reaches the switch")
    return a


def gateways(site, a):
    """The gateway of a controller ends without a word, the next one says none: it goes on."""
    node, silent = site.network.groups["cell1"][1:3]
    more = site.rules(a, 10)
    node.kill()
    more |= site.rules(a, 10)
    applied(site, more, "kill -9 of its gateway: it goes on at another one")
    check(a.lines("fenced") == [], "and was never out", a.lines("fenced"))
    node.start()
    check(site.network.wait_ready([node], 20), "the gateway is back")
    silent.process.send_signal(signal.SIGSTOP)
    applied(site, site.rules(a, 10), "SIGSTOP of the next one: it goes on at a third one")
    silent.process.send_signal(signal.SIGCONT)


def sleeper(site, a):
    """A controller that sleeps is excluded, and what it does when it wakes is of no effect."""
    b = site.control("b")
    check(in_view(b, "a", "b"), "another second one", b.lines("view"))
    site.rules(a, 30)
    a.process.send_signal(signal.SIGSTOP)
    more = site.rules(b, 10)
    check(in_view(b, "b"), "who sleeps for longer than its lease is excluded", b.lines("view"))
    applied(site, more, "and the other one goes on")
    more = site.rules(a, 10)
    a.process.send_signal(signal.SIGCONT)
    check(wait_for(lambda: a.lines("fenced"), 20), "when it wakes it learns that it is out")
    check(in_view(b, "b", "a"), "and joins again", b.lines("view"))
    applied(site, more, "and then sets what it was given")
    return b


def stale(site):
    """Whoever writes with an epoch that has ended is refused by the switch itself."""
    epochs = [int(words[0]) for words in site.switch.lines("epoch")]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as device:
        device.sendto(f"{epochs[-2]} 999999999 0 10.9.9.9 stale".encode(), site.path)
    check(wait_for(lambda: ["10.9.9.9", "stale"] in [words[3:] for words in
                                                    site.switch.lines("refused")], 10),
          "the switch refuses a rule of an older epoch", site.switch.lines("refused"))


def alone():
    """The example stands on the client library, libsodium and libcrypto alone."""
    said = subprocess.run(["readelf", "-d", EXAMPLE], capture_output=True, check=False).stdout
    needed = {line.split("[")[1].split(".")[0] for line in said.decode().splitlines()
              if "NEEDED" in line}
    check("libsodium" in needed and needed <= {"libsodium", "libcrypto", "libc"},
          "the example loads libsodium and libcrypto alone", needed)


def judge(site):
    """Epochs at the switch grow, nothing old is applied, all controllers delivered one order."""
    epochs = [int(words[0]) for words in site.switch.lines("epoch")]
    check(epochs == sorted(set(epochs)) and len(epochs) >= 6, "epochs at the switch grow", epochs)
    newest, old = 0, []
    with open(site.switch.path, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            newest = int(words[1]) if words[0] == "epoch" else newest
            if words[0] == "applied" and int(words[1]) < newest:
                old.append(line)
    check(not old, "no rule of an old epoch was applied", old[:3])
    orders, different = {}, 0
    for life in site.lives:
        place = (0, 0)
        for epoch, revision, index, *rule in life.lines("rule"):
            different += (int(revision), int(index)) <= place
            place = int(revision), int(index)
            different += orders.setdefault(place, (epoch, rule)) != (epoch, rule)
    check(orders and not different, f"all delivered one order ({len(orders)} rules)", different)
    lost = [rule for _, rule in orders.values() if rule[0] not in site.applied()]
    check(not lost, "every rule that anybody delivered is at the switch", lost[:3])


def part(folder):
    network = Network(folder, "--homes", 2, "--store")
    site = None
    try:
        if not check(network.start(), "a cell of four with a store is up"):
            return
        alone()
        site = Site(network)
        site.first = {f"10.0.0.{i}" for i in range(20)}
        a = kills(site)
        gateways(site, a)
        b = sleeper(site, a)
        b.process.stdin.close()
        check(b.process.wait(20) == 0, "who has no more to say leaves, and says so",
              b.lines("fenced"))
        stale(site)
        judge(site)
    finally:
        if site:
            site.stop()
        network.stop()


checks.play("vsync", part)
