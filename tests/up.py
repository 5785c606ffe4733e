"""up.py - `edgecord up` as a process of a test, which looks at its children and at its end."""
import json
import os
import signal
import subprocess
import time

from network import EDGECORD, Home, Network, first_port, wait_for


class Adopted:
    """A process that another one started, like a Popen; it is gone when its parent has reaped it,
    or may."""

    def __init__(self, pid):
        self.pid = pid

    def poll(self):
        try:
            with open(f"/proc/{self.pid}/stat", encoding="ascii", errors="replace") as file:
                return 0 if file.read().rsplit(")", 1)[1].split()[0] == "Z" else None
        except OSError:
            return 0

    def wait(self, timeout=10):
        if wait_for(lambda: self.poll() is not None, timeout, 0.01):
            return 0
        raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Up:
    """`edgecord up --json` with its children, which the tests may end and start again.  It runs in
    a session of its own: interrupt() reaches what a terminal's Ctrl-C would."""

    def __init__(self, folder, *options, program=(EDGECORD, "up")):
        self.folder, self.network = folder, None
        self.out, self.errors = folder + ".json", folder + ".said"
        self.began = time.time()
        with open(self.out, "wb") as out, open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [*program, "--dir", folder, "--json", "--port", str(first_port()),
                 *map(str, options)], stdout=out, stderr=errors, stdin=subprocess.DEVNULL,
                start_new_session=True)

    def children(self):
        """{what names it: pid}: the configuration of a node, the key of a home."""
        pid, found = self.process.pid, {}
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
        for child in children:
            with open(f"/proc/{child}/cmdline", "rb") as file:
                words = file.read().decode().split("\0")
            name = "--config" if "--config" in words else "--key"
            if name in words:
                found[words[words.index(name) + 1]] = int(child)
        return found

    def said(self):
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()

    def adopt(self):
        """Waits until the day begins.  Returns: whether all processes are there."""
        if not wait_for(lambda: "logs  " in self.said() or self.process.poll() is not None, 60):
            return False
        if self.process.poll() is not None:
            return False
        self.network = Network(self.folder)
        cells = [cell for cell in self.network.groups if cell != "cloud"]
        homes = self.network.homes_a_cell * len(cells)
        wait_for(lambda: len(self.children()) == len(self.network.nodes()) + homes, 5)
        children = self.children()
        for node in self.network.nodes():
            pid = children.pop(os.path.join(node.folder, "node.yaml"), None)
            node.process = pid and Adopted(pid)
        for cell in cells:
            for index in range(self.network.homes_a_cell):
                home = Home(self.network, cell, index)
                pid = children.pop(home.key_file, None)
                home.process = pid and Adopted(pid)
                self.network.homes.append(home)
        return all(p.process for p in self.network.nodes() + self.network.homes)

    def end(self, seconds=60):
        """Waits for its end.  Returns: exit code, its summary (None: there is none)."""
        code = self.process.wait(seconds)
        with open(self.out, encoding="utf-8") as file:
            text = file.read()
        return code, json.loads(text) if text else None

    def interrupt(self):
        """Ctrl-C; nodes that the test started go on.  Returns: as end()."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.end()

    def stop(self):
        if self.network:
            self.network.stop()
        self.process.kill()
        self.process.wait(10)
