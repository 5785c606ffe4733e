"""relays.py - every link of a cell through this program, which can delay, flip bytes, and swallow."""
import asyncio
import os
import threading

from network import first_port


class Relays:
    """One listener for each (from, to); `rule` says what happens to bytes between two nodes: None,
    "swallow", "flip", or for how many seconds they are under way."""

    def __init__(self):
        self.rule, self.loop = lambda source, target: None, asyncio.new_event_loop()
        self.servers = []
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
        self.servers.append(asyncio.run_coroutine_threadsafe(
            asyncio.start_server(accepted, "127.0.0.1", port), self.loop).result(5))

    def close(self):
        """Gives the ports back."""
        for server in self.servers:
            self.loop.call_soon_threadsafe(server.close)

    async def pump(self, reader, writer, source, target):
        """What comes waits in a row, so that a delay is that of each byte and not of all before."""
        row = asyncio.Queue(1000)

        async def write():
            try:
                while (item := await row.get()) is not None:
                    at, data = item
                    await asyncio.sleep(max(0, at - self.loop.time()))
                    writer.write(data)
                    await writer.drain()
            except OSError:
                pass
            writer.close()
        writing = asyncio.ensure_future(write())
        try:
            while data := await reader.read(65536):
                rule = self.rule(source, target)
                if rule == "swallow":
                    continue
                if rule == "flip" and len(data) > 200:
                    data = data[:100] + bytes([data[100] ^ 4]) + data[101:]
                await row.put((self.loop.time() + (rule if isinstance(rule, float) else 0), data))
                if writing.done():
                    break
        except OSError:
            pass
        await row.put(None)


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
