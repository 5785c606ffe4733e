#!/usr/bin/env python3
"""links.py - a real cell whose links are slow, corrupt, half open, or cut.

usage: tests/links.py [FOLDER]
Every link runs through a relay of this program, which can delay, flip bytes, and swallow.
Prints `ok TEXT` or `FAIL TEXT` a check.  Exit 0: none failed."""
import asyncio
import os
import sys
import threading
import time

from network import Author, Checks, Network, Stream, agreement, first_port, unfound, wait_for

checks = Checks()
check = checks.check


class Relays:
    """One listener for each (from, to); `rule` says what happens to bytes between two nodes."""

    def __init__(self):
        self.rule, self.loop = lambda source, target: None, asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def open(self, port, source, target, target_port):
        """What `source` dials at `port` goes to `target`."""
        async def accepted(reader, writer):
            try:
                there = await asyncio.open_connection("127.0.0.1", target_port)
            except OSError:
                writer.close()
                return
            await asyncio.gather(self.pump(reader, there[1], source, target),
                                 self.pump(there[0], writer, target, source))
        asyncio.run_coroutine_threadsafe(asyncio.start_server(accepted, "127.0.0.1", port),
                                         self.loop).result(5)

    async def pump(self, reader, writer, source, target):
        try:
            while data := await reader.read(65536):
                rule = self.rule(source, target)
                if rule == "swallow":
                    continue
                if rule == "flip" and len(data) > 200:
                    data = data[:100] + bytes([data[100] ^ 4]) + data[101:]
                if isinstance(rule, float):
                    await asyncio.sleep(rule)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()


def relay_all(network):
    """Gives every node, in its configuration, the relays' addresses of its peers."""
    relays, cell, port = Relays(), network.groups["cell1"], first_port() + 60
    for source in cell:
        path = os.path.join(source.folder, "node.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for target in cell:
            if source is not target:
                relays.open(port, source.number, target.number, target.peer_port)
                text = text.replace(f":{target.peer_port}}}", f":{port}}}")
                assert f":{port}}}" in text
                port += 1
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return relays


def level(cell):
    """Whether all stand at one place and every link is up: the next fault is the only one."""
    said = [node.status() for node in cell]
    return all(said) and all(s["ready"] and s["links_up"] == len(cell) - 1 for s in said) and (
        max(s["seq"] for s in said) - min(s["seq"] for s in said) <= 2)


def trial(network, relays, stream, what, rule, delay_max, through=None, seconds=5):
    """Commits by the nodes of `through` under a rule, then healing."""
    cell = network.groups["cell1"]
    stream.nodes = through or cell
    time.sleep(0.3)
    before, begin = stream.count(), time.monotonic()
    relays.rule = rule
    time.sleep(seconds)
    worst, count = stream.worst(begin), stream.count() - before
    check(count > 20 and worst <= delay_max,
          f"{what}: commits go on, none is delayed by more than {delay_max:g} s",
          f"{count} commits, {worst:.2f} s")
    relays.rule = lambda source, target: None
    begin = time.monotonic()
    check(wait_for(lambda: level(cell), 20), f"{what}, healed: all are level within 20 s",
          [(s["seq"], s["ready"], s["links_up"]) if (s := n.status()) else None for n in cell])
    print(f"   {what}: {count} commits, worst {worst:.2f} s, level after "
          f"{time.monotonic() - begin:.2f} s", flush=True)


def play(folder):
    network = Network(os.path.join(folder, "network"), "--cells", 1, "--homes", 1)
    relays, cell = relay_all(network), network.groups["cell1"]
    try:
        if not check(network.start(), "a cell of four behind relays is ready within 30 s"):
            return
        author = Author(os.path.join(folder, "network/devices/cell1-home01.key"),
                        network.genesis("cell1"))
        stream = Stream(cell, author)
        time.sleep(1)
        trial(network, relays, stream, "every link takes 50 ms", lambda a, b: 0.05, 2)
        leader = wait_for(network.leader, 5)
        away = next(n for n in cell if n is not leader).number
        rest = [n for n in cell if n.number != away]
        trial(network, relays, stream, "one follower's bytes are flipped",
              lambda a, b: "flip" if a == away else None, 2, rest)
        trial(network, relays, stream, "a follower is cut off",
              lambda a, b: "swallow" if away in (a, b) else None, 2, rest)
        away = (wait_for(network.leader, 5) or leader).number
        rest = [n for n in cell if n.number != away]
        trial(network, relays, stream, "the leader is cut off",
              lambda a, b, away=away: "swallow" if away in (a, b) else None, 2, rest)
        away2 = (wait_for(network.leader, 5) or leader).number
        rest = [n for n in cell if n.number != away2]
        trial(network, relays, stream, "the leader hears nobody",
              lambda a, b: "swallow" if b == away2 else None, 2, rest)
        relays.rule = lambda a, b: "swallow" if (a > 2) != (b > 2) else None
        time.sleep(3)
        relays.rule = lambda a, b: None
        stream.nodes = cell
        before = stream.count()
        check(wait_for(lambda: stream.count() > before + 20 and level(cell), 20),
              "two and two apart, healed: commits go on and all are level within 20 s")
        stream.stop()
        check(not stream.lost, "every note of the stream was acknowledged", len(stream.lost))
        check(agreement(cell), "all members are at one block with one header")
        missing, _ = unfound(cell, stream)
        check(not missing, "every acknowledged envelope is found in its block", missing)
    finally:
        network.stop()


checks.play("links", play, *sys.argv[1:2])
