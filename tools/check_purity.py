#!/usr/bin/env python3
"""check_purity.py - whether the pure layers are pure: reads the symbols of their release objects.

usage: tools/check_purity.py BUILD_FOLDER

Fails on a symbol that can be written (a global or static variable), and on an undefined symbol that
is neither defined in a pure layer nor named in tools/pure-symbols.txt for that object.  Prints `ok`
and `FAIL` lines; exit 1 when something is not pure."""
import os
import re
import subprocess
import sys

LAYERS = ["base", "crypto", "history", "consensus", "ledger", "tiers", "services", "group"]
# Constant tables of pointers are written once by the loader, then sealed (-z relro).
READ_ONLY = re.compile(r"\.(text|rodata|data\.rel\.ro|eh_frame|note)")


def allowed():
    """symbol -> set of object names, "*" for all."""
    found = {}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pure-symbols.txt")
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        words = line.split(None, 2)
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 3:
            sys.exit(f"{path}:{number}: SYMBOL OBJECT REASON expected, no reason found")
        found.setdefault(words[0], set()).add(words[1])
    return found


def symbols(archive):
    """(object, name, class, section) of every symbol."""
    out = subprocess.run(["nm", "--format=sysv", archive], capture_output=True, text=True,
                         check=True).stdout
    member = None
    for line in out.split("\n"):
        head = re.match(r"(?:Symbols|Undefined symbols) from .*\[(.*)\]:", line)
        if head:
            member = head.group(1).removesuffix(".o")
        fields = [f.strip() for f in line.split("|")]
        if len(fields) == 7 and fields[0] != "Name":
            yield member, fields[0], fields[2], fields[6]


def result(bad, text):
    if not bad:
        print("ok " + text)
        return 0
    print("FAIL " + text)
    for line in sorted(bad)[:40]:
        print("     " + line)
    return 1


def main():
    folder = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
    defined, wanted, writable, objects = set(), [], [], set()
    for layer in LAYERS:
        archive = os.path.join(folder, f"libec_{layer}.a")
        if not os.path.exists(archive):
            continue
        for member, name, kind, section in symbols(archive):
            objects.add((layer, member))
            if kind == "U":
                wanted.append((layer, member, name))
                continue
            defined.add(name)
            if kind in "bBdDsSC" and not READ_ONLY.match(section):
                writable.append(f"{layer}/{member}: {name} can be written ({section})")
    if not objects:
        sys.exit(f"check_purity: no objects of pure layers in {folder}")
    names = allowed()
    foreign = []
    for layer, member, name in wanted:
        places = names.get(name, set())
        if name not in defined and not places & {"*", layer + "/*", member}:
            foreign.append(f"{layer}/{member}: {name}")
    bad = result(writable, f"{len(objects)} pure objects hold no variable that can be written")
    bad += result(foreign, "they call nothing outside but what tools/pure-symbols.txt allows")
    return 1 if bad else 0


sys.exit(main())
