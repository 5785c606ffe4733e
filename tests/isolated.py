"""isolated.py - a network whose nodes have a network, a clock and a disk of their own each.

A node lives in a network namespace behind a bridge, where nftables drops what comes from members
that it shall not hear; libfaketime sets its clock off; tests/slow_disk.c delays its fdatasync.
All of it is gone with the program that calls enter() first: it, and what it starts, see network,
mounts and shared memory of their own."""
import glob
import json
import os
import shutil
import struct
import subprocess
import sys

from network import BUILD, Network, preload

INSIDE = "EC_ISOLATED"
SLOW_DISK = os.path.join(BUILD, "slow_disk.so")
FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"
OUTSIDE = "10.77.0.254" # the clients' address
DEAF = """table inet edgecord {
	set deaf {
		type ipv4_addr
	}
	counter dropped {
	}
	chain input {
		type filter hook input priority 0; policy accept;
		ip saddr @deaf counter name dropped drop
	}
}
"""


def missing():
    """Why a network cannot be isolated here; None when it can."""
    for tool in ("unshare", "nsenter", "ip", "nft"):
        if not shutil.which(tool):
            return f"there is no {tool}"
    if not glob.glob(FAKETIME):
        return "there is no libfaketime"
    done = subprocess.run([*unshare(), "ip", "link", "add", "ec0", "type", "bridge"],
                          capture_output=True, check=False)
    if done.returncode == 0:
        return None
    return "no network namespaces: " + done.stderr.decode().strip()


def is_inside():
    return bool(os.environ.get(INSIDE))


def unshare():
    return ["unshare", "--net", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"])]


def say(*words, **options):
    subprocess.run(words, check=True, **options)


def enter():
    """Goes on in namespaces of our own."""
    if is_inside():
        for folder in ("/run", "/dev/shm"): # names of namespaces, and of libfaketime
            say("mount", "-t", "tmpfs", "tmpfs", folder)
        say("ip", "link", "set", "lo", "up")
        return
    os.environ[INSIDE] = "1"
    os.execvp("unshare", [*unshare(), sys.executable, *sys.argv])


class Isolated:
    """A cell of so many nodes, each in a place of its own."""

    made = 0 # the kernel takes its time to remove a place: each has another name

    def __init__(self, folder, members, protocol):
        self.network = Network(os.path.join(folder, "network"), "--cells", 1, "--homes", 1,
                               "--store", "--members", members, "--protocol", protocol)
        Isolated.made += 1
        self.number, self.bridge = Isolated.made, f"br{Isolated.made}"
        self.nodes = self.network.groups["cell1"]
        self.key = os.path.join(folder, "network/devices/cell1-home01.key")
        preload(SLOW_DISK, "slow_disk.c")
        say("ip", "link", "add", self.bridge, "type", "bridge")
        say("ip", "addr", "add", OUTSIDE + "/24", "dev", self.bridge)
        say("ip", "link", "set", self.bridge, "up")
        for node in self.nodes:
            self.place(node)

    def place(self, node):
        name, link = self.name(node), f"v{self.number}-{node.number}"
        node.host = f"10.77.0.{node.number}"
        node.inside = ["nsenter", f"--net=/run/netns/{name}"]
        say("ip", "netns", "add", name)
        say("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        say("ip", "link", "set", link, "master", self.bridge, "up")
        say("ip", "-n", name, "addr", "add", node.host + "/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            say("ip", "-n", name, "link", "set", device, "up")
        say(*node.inside, "nft", "-f", "-", input=DEAF.encode())
        path = os.path.join(node.folder, "node.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for other in self.nodes:
            for port in (other.peer_port, other.door_port, other.http_port):
                text = text.replace(f"127.0.0.1:{port}", f"10.77.0.{other.number}:{port}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.set_clock(node, 0)
        self.set_disk(node, 0)
        node.environment = {
            "LD_PRELOAD": f"{glob.glob(FAKETIME)[0]} {SLOW_DISK}",
            "FAKETIME_TIMESTAMP_FILE": os.path.join(node.folder, "clock"),
            "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "SLOW_DISK_FILE": os.path.join(node.folder, "disk")}

    def name(self, node):
        return f"n{self.number}-{node.number}"

    @staticmethod
    def set_clock(node, seconds):
        """From within a second on, its time of day is so much off."""
        path = os.path.join(node.folder, "clock")
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(f"{seconds:+d}")
        os.replace(path + ".new", path)

    @staticmethod
    def set_disk(node, ms):
        """Each fdatasync of it takes so much longer."""
        file = os.open(os.path.join(node.folder, "disk"), os.O_RDWR | os.O_CREAT, 0o644)
        os.pwrite(file, struct.pack("=II", ms, 0), 0)
        os.close(file)

    @staticmethod
    def delayed(node):
        """How many took longer since set_disk()."""
        with open(os.path.join(node.folder, "disk"), "rb") as file:
            return struct.unpack("=II", file.read(8))[1]

    def set_deaf(self, node, others):
        """What these members send does not come to it; of all others, it does."""
        rules = "flush set inet edgecord deaf\nreset counters table inet edgecord\n"
        if others:
            rules += "add element inet edgecord deaf { %s }\n" % ", ".join(
                f"10.77.0.{other.number}" for other in others)
        say(*node.inside, "nft", "-f", "-", input=rules.encode(), stdout=subprocess.DEVNULL)

    @staticmethod
    def dropped(node):
        """How many packets did not come to it since set_deaf()."""
        said = subprocess.run([*node.inside, "nft", "-j", "list", "counters"], capture_output=True,
                              check=True)
        return sum(part["counter"]["packets"] for part in json.loads(said.stdout)["nftables"]
                   if "counter" in part)

    def remove(self):
        """After the nodes have ended: the place is free for others."""
        say("ip", "link", "del", self.bridge)
        for node in self.nodes:
            say("ip", "netns", "del", self.name(node))
