#!/usr/bin/env python3
"""restore.py - makes of a folder what a power loss leaves: reads the journal of shim.c.

usage: restore.py TREE JOURNAL prefix|subset SEED

What was synced stays.  Of the rest, in order: `prefix` keeps what came before a random moment,
`subset` keeps random pieces (sectors of 512 bytes, names one by one).  Prints one line that says how
much was lost; the journal is emptied, so that the next life begins with all durable."""
import os
import random
import shutil
import struct
import sys

WRITE, SIZE, CREATE, RENAME, UNLINK, SYNC, SYNC_FOLDER, FOLDER, RENAME_FOLDER = range(1, 10)
RECORD = struct.Struct("<II6Q4I")
MAGIC = 0x504F5752
SECTOR = 512


class Entry:
    def __init__(self, fields, name, name2, old, new):
        (_, self.kind, self.inode, self.offset, self.old_size, self.new_size, _, _,
         self.durable, _, _, _) = fields
        self.name, self.name2, self.old, self.new = name, name2, old, new
        self.settled = bool(self.durable)


def read_journal(path):
    if not os.path.exists(path):
        return []  # killed before it touched a file
    data = open(path, "rb").read()
    at, entries = 0, []
    while at + RECORD.size <= len(data):
        fields = RECORD.unpack_from(data, at)
        magic, old_bytes, new_bytes, name_size, name2_size = (
            fields[0], fields[6], fields[7], fields[9], fields[10])
        if magic != MAGIC:
            sys.exit(f"restore: {path}: bad record at byte {at}")
        end = at + RECORD.size + name_size + name2_size + old_bytes + new_bytes
        if end > len(data):
            break  # killed while it wrote this record: the change was not made
        p = at + RECORD.size
        name = data[p:p + name_size].decode()
        p += name_size
        name2 = data[p:p + name2_size].decode()
        p += name2_size
        old = data[p:p + old_bytes]
        p += old_bytes
        entries.append(Entry(fields, name, name2, old, data[p:p + new_bytes]))
        at = end
    return entries


def settle(entries):
    """Marks what the syncs made durable."""
    data, names = {}, {}
    for entry in entries:
        if entry.kind in (WRITE, SIZE):
            data.setdefault(entry.inode, []).append(entry)
        elif entry.kind in (CREATE, UNLINK, FOLDER):
            names.setdefault(os.path.dirname(entry.name), []).append(entry)
        elif entry.kind in (RENAME, RENAME_FOLDER):
            names.setdefault(os.path.dirname(entry.name2), []).append(entry)
        else:
            settled = (data.pop(entry.inode, []) if entry.kind == SYNC
                       else names.pop(entry.name, []))
            for earlier in settled:
                earlier.settled = True
            entry.settled = True


def lost_folders(entries, chooser):
    """Folders whose names were not synced and are not kept: all below them goes, too."""
    return [e.name + "/" for e in entries
            if e.kind == FOLDER and not e.settled and not chooser(e)()]


def undo_data(entry, path):
    with open(path, "r+b") as file:
        if entry.kind == WRITE:
            file.seek(entry.offset)
            file.write(entry.old)
            file.truncate(entry.old_size)
        else:
            file.truncate(entry.old_size)
            if entry.old:
                file.seek(entry.offset)
                file.write(entry.old)


def redo_data(entry, path, keep):
    with open(path, "r+b") as file:
        if entry.kind == SIZE:
            if keep():
                file.truncate(entry.new_size)
            return
        position = 0
        while position < len(entry.new):
            start = entry.offset + position
            size = min(SECTOR - start % SECTOR, len(entry.new) - position)
            if keep():
                file.seek(start)
                file.write(entry.new[position:position + size])
            position += size


def moved(names, old, new):
    """The names after a folder got another one."""
    return {new + path[len(old):] if path.startswith(old + "/") else path: inode
            for path, inode in names.items()}


def main():
    if len(sys.argv) != 5 or sys.argv[3] not in ("prefix", "subset"):
        sys.exit(__doc__)
    tree, folder, mode, seed = sys.argv[1:]
    dice = random.Random(int(seed))
    entries = read_journal(os.path.join(folder, "journal"))
    settle(entries)
    loose = [e for e in entries if not e.settled and e.kind not in (SYNC, SYNC_FOLDER)]
    if mode == "prefix":
        kept = set(map(id, loose[:dice.randint(0, len(loose))]))
        chooser = lambda entry: (lambda: id(entry) in kept)
    else:
        share = dice.random()
        chooser = lambda entry: (lambda: dice.random() < share)

    # Data: back to the start of the loose changes of each file, then forward with what is kept.
    changes = [e for e in entries if e.kind in (WRITE, SIZE)]
    first_loose = {}
    for index, entry in enumerate(changes):
        if not entry.settled:
            first_loose.setdefault(entry.inode, index)
    back = [e for i, e in enumerate(changes) if first_loose.get(e.inode, len(changes)) <= i]
    for entry in reversed(back):
        undo_data(entry, os.path.join(folder, str(entry.inode)))
    lost_bytes = 0
    for entry in back:
        before = lost_bytes
        path = os.path.join(folder, str(entry.inode))
        if entry.settled:
            redo_data(entry, path, lambda: True)
        else:
            redo_data(entry, path, chooser(entry))
        lost_bytes = before + (0 if entry.settled else len(entry.new))

    # Names: undo all loose ones backwards, then redo what is kept, by second names.
    names = {}
    for where, _, files in os.walk(tree):
        for file in files:
            path = os.path.join(where, file)
            names[path] = os.stat(path).st_ino
    name_changes = [e for e in entries if e.kind in (CREATE, RENAME, UNLINK, RENAME_FOLDER)]
    first = next((i for i, e in enumerate(name_changes) if not e.settled), len(name_changes))
    for entry in reversed(name_changes[first:]):
        if entry.kind == CREATE:
            names.pop(entry.name, None)
        elif entry.kind == UNLINK:
            names[entry.name] = entry.inode
        elif entry.kind == RENAME_FOLDER:
            names = moved(names, entry.name2, entry.name)
        else:
            names.pop(entry.name2, None)
            names[entry.name] = entry.inode
            if entry.offset:
                names[entry.name2] = entry.offset
    lost_names = 0
    for entry in name_changes[first:]:
        if not entry.settled and not chooser(entry)():
            lost_names += 1
            continue
        if entry.kind == CREATE:
            names[entry.name] = entry.inode
        elif entry.kind == UNLINK:
            names.pop(entry.name, None)
        elif entry.kind == RENAME_FOLDER:
            names = moved(names, entry.name, entry.name2)
        else:
            if names.get(entry.name) == entry.inode:
                names.pop(entry.name)
            names[entry.name2] = entry.inode
    gone = lost_folders(entries, chooser)
    names = {path: inode for path, inode in names.items()
             if not any(path.startswith(folder) for folder in gone)}
    lost_names += len(gone)
    for where, _, files in os.walk(tree):
        for file in files:
            path = os.path.join(where, file)
            if names.get(path) != os.stat(path).st_ino:
                os.unlink(path)
    for path, inode in names.items():
        if not os.path.exists(path):
            saved = os.path.join(folder, str(inode))
            if os.path.exists(saved):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                os.link(saved, path)
    for path in gone:
        shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(folder)
    os.mkdir(folder)
    print(f"{len(loose)} loose changes, {lost_bytes} bytes at risk, {lost_names} names lost")


main()
