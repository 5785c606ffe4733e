#!/usr/bin/env python3
"""usage.py FOLDER GENESIS PROOF - what a person may say wrongly, or point at the wrong thing.

Run inside tests/clients.sh: EDGECORD_NODE is a node of a running cell, PROOF one of its proofs."""
import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys

from network import EDGECORD, Checks, run, wait_for

folder, genesis, proof = sys.argv[1:]
checks = Checks()
check = checks.check
NO_KEY = "00" * 32


def questions():
    """Options that say something about what was not asked for are no use to anybody unread."""
    for words, why in (
            (("--trades", "a/"), "one question"), (("--trades", "--gaps"), "one question"),
            (("--keygen", "--gaps"), "one question"), (("--keygen", "--slot", 900), "--slot is of"),
            (("--bills", NO_KEY, "--trades"), "one question"), (("a/", "b/"), "one name"),
            (("--trades", "--prefix"), "--prefix is of"), (("a/", "--slot", 900), "--slot is of"),
            (("a/", "--day", 3), "--day is of"), (("a/", "--after", "b"), "--after is of"),
            (("0xzz",), "hexadecimal"), (("0x",), "hexadecimal"), (("0x123",), "hexadecimal")):
        code, out, errors = run("query", *words)
        check(code == 2 and not out and why in errors,
              f"query {' '.join(map(str, words))}: usage", (code, errors))


def pages():
    """A list that was cut says how to go on, and nothing is left out or told twice."""
    whole = run("query", "a/", "--prefix")[1].splitlines()
    got, after = [], ()
    while True:
        code, out, errors = run("query", "a/", "--prefix", "--limit", 3, *after)
        got += out.splitlines()
        if "there are more: --after 0x" not in errors:
            break
        after = ("--after", errors.split("--after ")[1].strip())
    check(code == 0 and len(whole) > 3 and got == whole,
          "query: a list comes whole, page by page as the answers say", (len(got), len(whole)))


def devices():
    """What is no plain file is read from, and written into; nothing takes its place."""
    pipe, link, plain = (os.path.join(folder, name) for name in ("pipe", "link", "plain"))
    os.mkfifo(pipe)
    with open(plain, "wb"):
        os.symlink(plain, link)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        code, _, errors = run("status", "--checkpoint", pipe)
        came = reader.communicate(timeout=10)[0]
    check(code == 0 and b"edgecord/header/1" in came and stat.S_ISFIFO(os.lstat(pipe).st_mode),
          "what is written to a pipe goes through it", (code, errors))
    code, _, errors = run("status", "--checkpoint", link)
    check(code == 0 and os.path.islink(link) and os.path.getsize(plain) > 0,
          "a symbolic link stays one, and its file is written", (code, errors))
    with subprocess.Popen(["cat", proof], stdout=subprocess.PIPE) as source:
        name = f"/proc/self/fd/{source.stdout.fileno()}"
        code, out, errors = run("verify", name, "--genesis", genesis,
                                pass_fds=(source.stdout.fileno(),))
    check(code == 0 and out.startswith("VALID"), "a proof that comes through a pipe is read",
          (code, out[:100], errors))
    code, out, errors = run("show", "/dev/zero")
    check(code == 2 and "bytes" in errors, "an endless device meets a bound", (code, errors))


def running():
    """Two `edgecord up` never run one network, nor does one put another's aside."""
    own = os.path.join(folder, "own")
    os.makedirs(os.path.join(own, "data", "up"))
    network = os.path.join(folder, "taken")
    run("init", "--dir", network, "--homes", 1)
    with open(os.path.join(network, "network.json"), encoding="utf-8") as file:
        port = json.load(file)["groups"][0]["nodes"][0]["http_port"]
    with socket.create_server(("127.0.0.1", port)):
        code, _, errors = run("up", "--dir", network, "--exit", "--slots", 1)
    check(code == 1 and f"cannot serve HTTP on 127.0.0.1 port {port}" in errors,
          "up: a port that is taken is named", (code, errors))
    for words in (), ("--dir", "data/up"):
        for held in "up", "up.before":
            path = os.path.join(own, "data", held)
            os.makedirs(path, exist_ok=True)
            lock = os.open(path, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if words and held != "up":
                os.close(lock)
                continue
            done = subprocess.run([EDGECORD, "up", *words, "--exit", "--slots", "1"], cwd=own,
                                  capture_output=True, text=True, timeout=30, check=False)
            check(done.returncode == 1 and "another `edgecord up` runs" in done.stderr and
                  os.listdir(path) == [], f"up {' '.join(words)}: data/{held} is in use: told so",
                  (done.returncode, done.stderr))
            os.close(lock)


def simulations():
    """What looks at nothing does not find nothing wrong."""
    empty, nowhere = os.path.join(folder, "empty"), os.path.join(folder, "no", "where")
    with open(empty, "wb"):
        pass
    for words, why in ((("--script", folder), "directory"), (("--script", empty), "nothing happens"),
                       (("--seeds", 0), "no world"),
                       (("--seed", 1, "-l", "--proofs", nowhere), "No such file"),
                       (("--seed", 1, "-l", "--proofs", empty), "Not a directory")):
        code, out, errors = run("sim", *words)
        check(code == 2 and not out and why in errors, f"sim {words[-2]} {why}: exit code 2",
              (code, out[-200:], errors))


def experiments():
    """`lab` says what there is."""
    for words, why in (((), "which experiment?"), (("table2",), "no experiment 'table2'"),
                       (("table1", "--nodes", "4,65"), "--nodes takes a number from 1 to 64, not '65'"),
                       (("table1", "--nodes", "4,,5"), "--nodes takes a number"),
                       (("table1", "--nodes", "7,4"), "from small to large"),
                       (("table1", "--bytes", "15"), "--bytes takes a number from 16 to"),
                       (("table1", "-o", genesis), "Not a directory"),
                       (("table1", "-o", os.path.join(folder, "no", "where")), "No such file"),
                       (("table1", "--protocol", "nil"), "no protocol 'nil'; there are: pbft")):
        code, out, errors = run("lab", *words)
        check(code == 2 and not out and why in errors, f"lab {' '.join(words)}: exit code 2",
              (code, out[-200:], errors))


def histories():
    """`history` says of a file what it expected, and in which line; what is too much it gives up."""
    good = '{"client":1,"key":"k","op":"put","value":"x","call_ns":1,"return_ns":2}\n'
    path, drawing = os.path.join(folder, "history"), os.path.join(folder, "history.svg")

    def judged(text, *words):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return run("history", path, *words)
    for text, words, why in (
            ("", (), "begins with"), ("hello\n", (), "begins with"), ("\n", ("-f", "lines"), "none"),
            (good + good.replace("1,", '"one",', 1), (), f'{path}:2: expected "client" with a whole'),
            (good.replace("put", "append"), (), ":1: expected get, put, delete and cas"),
            (good, ("--model", "queue"), "there is no model 'queue'; there are: store"),
            (good, ("--format", "xml"), "there is no format 'xml'; there are: lines"),
            (good, ("--steps", 0), "--steps takes a whole number"),
            (good * 20000, ("--memory", 1), "does not fit into 1 MiB")):
        code, out, errors = judged(text, *words)
        check(code == 2 and not out and why in errors, f"history {' '.join(map(str, words))}: {why}",
              (code, errors))
    code, out, errors = run("history")
    check(code == 2 and not out and "which file" in errors, "history: which file?", errors)
    many = good + "".join(good.replace('"x"', f'"{i}"').replace("2}", "9}") for i in range(40))
    code, out, _ = judged(many + good.replace("put", "get").replace("value", "result").replace(
        '"x"', '"z"').replace("1,\"return_ns\":2", "20,\"return_ns\":30"), "--steps", 500)
    check(code == 3 and "gave up" in out and "--steps" in out, "history: gives up, exit code 3", out)
    code, out, _ = judged(good + good.replace('put","value":"x"', 'get","result":"y"').replace(
        "1,\"return_ns\":2", "20,\"return_ns\":30"), "-o", drawing)
    with open(drawing, encoding="utf-8") as file:
        drawn = file.read()
    check(code == 1 and 'get: "y"  (line 2' in out and drawn.startswith("<svg ") and
          "get: " in drawn, "history: a violation is shown, and drawn, exit code 1", (code, out))


def names():
    """A network's name and folder are text, for they stand in JSON and in configurations."""
    for name in (b"\xff", b"a\nlisten: 0.0.0.0:1", b"", b"x" * 41):
        path = os.path.join(folder, "named")
        done = subprocess.run([EDGECORD, "init", "--dir", path, "--name", name], timeout=10,
                              capture_output=True, check=False)
        check(done.returncode == 2 and b"--name takes" in done.stderr and
              not os.path.exists(path), f"init --name {name[:9]!r}: usage", done)
    path = os.fsencode(folder) + b"/\xff"
    done = subprocess.run([EDGECORD, "init", "--dir", path], capture_output=True, check=False,
                          timeout=10)
    check(done.returncode == 1 and b"UTF-8" in done.stderr and not os.path.exists(path),
          "init: a folder whose name is no text is refused", done)
    for words in (("rejoin", folder), ("join", folder), ("rejoin", os.path.dirname(genesis)),
                  ("retire", folder), ("rotate", os.path.dirname(genesis)),
                  ("join", os.path.dirname(genesis), "--replace", folder)):
        code, _, errors = run("node", *words)
        check(code == 1 and "expected the folder of a" in errors,
              f"node {words[0]}: a folder that is none says what was expected", (code, errors))


def configurations():
    """`node --check` finds before the start what the start would refuse."""
    network = os.path.join(folder, "checked")
    run("init", "--dir", network, "--homes", 1, "--store")
    config = os.path.join(network, "cell1", "node1", "node.yaml")
    code, out, errors = run("node", "--check", "--config", config)
    check(code == 0 and "good" in out, "node --check: a new node is good", (code, errors))
    path = os.path.join(network, "cell1", "genesis")
    with open(path, "rb") as file:
        whole = file.read()
    for what, data, why in (("of another version", whole.replace(b"store/2", b"store/1"),
                             "service \"store\""), ("that is cut", whole[:99], "not a genesis"),
                            ("that is gone", None, "cannot be read")):
        os.remove(path)
        if data:
            with open(path, "wb") as file:
                file.write(data)
        code, out, errors = run("node", "--check", "--config", config)
        check(code == 2 and not out and why in errors,
              f"node --check: a genesis {what} is refused", (code, errors))


def protocols():
    """A protocol is asked for by a name that the program has, with options that it has."""
    for words, why in ((("init", "--dir", os.path.join(folder, "named"), "--protocol", "nosuch"),
                        "there is no 'nosuch'; there are: pbft"),
                       (("init", "--dir", os.path.join(folder, "named"), "--option", "k=3"),
                        "'k=3' is no option of pbft"),
                       (("init", "--dir", os.path.join(folder, "named"), "--protocol", "ghostdag",
                         "--option", "pinned=2"), "is 0 or 1"),
                       (("up", "--dir", os.path.join(folder, "named"), "--option", "interval=65536"),
                        "at most 256"),
                       (("bench", "--protocol", "nosuch"), "there is no 'nosuch'"),
                       (("bench", "--option", "colour=1", "--protocol", "honeybadger"),
                        "'colour=1' is no option of honeybadger"),
                       (("bench", "--members", "65"), "from 1 to 64"),
                       (("bench", "--mode", "nosuch"), "order, ledger, signed or store"),
                       (("bench", "--members", "3", "--at", "4"), "no member 4 of 3"),
                       (("bench", "--at", "liar"), "from 1 to 64"),
                       (("bench", "--writes", "0"), "from 1 to"),
                       (("node", "switch", "--protocol", "nosuch", folder), "there is no 'nosuch'"),
                       (("node", "switch", folder), "--protocol NAME"),
                       (("node", "switch", "--protocol", "pbft", "--option", "colour=1", folder),
                        "'colour=1' is no option of pbft"),
                       (("node", "switch", "--protocol", "pbft", "--option", "interval=512",
                         folder), "at most 256")):
        code, out, errors = run(*words)
        check(code == 2 and not out and why in errors, f"{' '.join(words[:-1])}: usage",
              (code, errors))
    for words in (("--members", 64, "--option", "interval=256"),
                  ("--protocol", "ghostdag", "--option", "capacity=10")):
        code, _, errors = run("init", "--dir", os.path.join(folder, "named"), *words)
        check(code == 1 and "no group of" in errors,
              f"init {' '.join(map(str, words))}: a group that no node could serve is not made",
              (code, errors))
    check(not os.path.exists(os.path.join(folder, "named")), "init: and nothing is made")


def beacons():
    """A cell whose members share no keys has no beacon; whose genesis judges must be known."""
    code, out, errors = run("beacon", "--genesis", genesis, "--block", 1)
    check(code == 1 and not out and "share no keys" in errors,
          "beacon: where no keys are shared it is refused, and why", (code, errors))
    code, out, errors = run("beacon", "--genesis", genesis, "--block", 10**9)
    check(code == 1 and not out and "before a quorum certified it; the newest" in errors,
          "beacon: of a block that there is not yet it names the newest", (code, errors))
    code, out, errors = run("beacon", "--node", os.path.dirname(genesis), "--block", 1)
    check(code == 1 and "share no keys" in errors,
          "beacon: a group's folder has its genesis", (code, errors))
    for words, why in ((("--block", 0), "--block takes a whole number"), (("7",), "--block"),
                       ((), "by which genesis"), (("--genesis", proof), proof)):
        code, out, errors = run("beacon", *words)
        check(code == 2 and not out and why in errors,
              f"beacon {' '.join(map(str, words))}: usage", (code, errors))


def workers():
    """Simulations end with the one who asked for them."""
    with subprocess.Popen([EDGECORD, "sim", "--seeds", "1000000", "--jobs", "2"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as asked:
        listed = f"/proc/{asked.pid}/task/{asked.pid}/children"

        def children():
            with open(listed, encoding="ascii") as file:
                return file.read().split()
        found = wait_for(lambda: len(children()) == 2 and children(), 10)
        asked.send_signal(signal.SIGTERM) # a background job may have been told to ignore SIGINT
    check(found and wait_for(lambda: not any(map(is_running, found)), 10),
          "sim: its workers end with it", found)


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


names()
configurations()
protocols()
beacons()
workers()
simulations()
experiments()
histories()
questions()
pages()
devices()
running()
sys.exit(1 if checks.failed else 0)
