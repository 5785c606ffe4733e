"""promises.py - what a node said to its peers, as tests/power/shim.c wrote it down, and whether it
ever said two things where one is a promise."""
import os
import struct

FRAME_HEAD = struct.Struct("<BQQI32s")
MESSAGE, SIGNATURE, STATE_WANT = 2, 7, 9
PREPREPARE, PREPARE, COMMIT, CHECKPOINT, VIEW_CHANGE, NEW_VIEW = range(1, 7)
SAYS_COMMIT, SAYS_DELIVERED = 1, 2


class Promise(Exception):
    """A promise was broken.  kind: "missing", "two things", "damage", or "" for another one."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


def frames(path):
    """The frames that a node handed to TLS, connection by connection, in the order of writing."""
    streams = {}
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at + 12 <= len(data):
        name, size = struct.unpack_from("<QI", data, at)
        at += 12
        if size == 0:
            streams.pop(name, None)
            continue
        stream = streams.setdefault(name, bytearray())
        stream += data[at:at + size]
        at += size
        while len(stream) >= 4:
            length = struct.unpack_from("<I", stream)[0]
            if len(stream) < 4 + length:
                break
            yield bytes(stream[4:4 + length])
            del stream[:4 + length]


def promises(path):
    """Of each frame that is one: (slot in which only one thing may be said, what was said)."""
    for frame in frames(path):
        if len(frame) < FRAME_HEAD.size or frame[0] not in (MESSAGE, SIGNATURE):
            continue
        kind, era, seq, _, name = FRAME_HEAD.unpack_from(frame)
        if kind == SIGNATURE:
            yield ("signature", era, seq), name
            continue
        size = struct.unpack_from("<I", frame, FRAME_HEAD.size)[0]
        head = frame[FRAME_HEAD.size + 4:FRAME_HEAD.size + 4 + size]
        if head and head[0] <= NEW_VIEW:
            yield from head_promises(head, era, name)


def head_promises(head, era, name):
    """Fixed little-endian fields, as src/consensus/pbft/messages.c lists them."""
    kind = head[0]
    if kind == CHECKPOINT:
        seq = struct.unpack_from("<Q", head, 1)[0]
        yield ("checkpoint", era, seq), head[9:41]
    elif kind in (VIEW_CHANGE, NEW_VIEW):
        view = struct.unpack_from("<Q", head, 1)[0]
        yield ("view change" if kind == VIEW_CHANGE else "new view", era, view), name
    else:
        view, seq = struct.unpack_from("<QQ", head, 1)
        value = name if kind == PREPREPARE else head[17:53]
        if kind == PREPREPARE:
            yield ("pre-prepare", era, view, seq), value
        elif kind == PREPARE:
            yield ("prepare", era, view, seq), value
        else:
            if head[53] & SAYS_COMMIT:
                yield ("commit", era, view, seq), value
            if head[53] & SAYS_DELIVERED:
                yield ("delivered", era, seq), value


class Memory:
    """What every node ever said; and what all must say alike."""

    ALIKE = ("signature", "checkpoint", "delivered")
    ENTERED = ("pre-prepare", "prepare", "commit")

    def __init__(self):
        self.said, self.alike, self.count = {}, {}, {}
        self.begun = (0, 0)  # the highest (era, view) whose NEW-VIEW was ever said, or acted on

    def take(self, node, path):
        """Returns: the slots in which this life was the first to say something, in order."""
        new = []
        if not os.path.exists(path):
            return new
        for slot, what in promises(path):
            self.count[slot[0]] = self.count.get(slot[0], 0) + 1
            before = self.said.setdefault((node, *slot), what)
            if before is what:
                new.append(slot)
            if before != what:
                raise Promise("two things", f"{node} said two things: {slot}: "
                              f"{before.hex()[:16]}, then {what.hex()[:16]}")
            if slot[0] in self.ALIKE and self.alike.setdefault(slot, what) != what:
                raise Promise("two things", f"{node} says otherwise than the others: {slot}")
        return new

    def take_all(self, paths, victim):
        """All that was said in one life, by node.  Returns: whether the victim's ended inside a
        view change: it had asked for a view that was never begun in an earlier life, and had not
        acted in it."""
        new = {node: self.take(node, path) for node, path in paths.items()}
        views = {kind: [slot[1:3] for slot in new[victim] if slot[0] == kind]
                 for kind in ("view change", *self.ENTERED)}
        asked = max(views["view change"], default=(0, 0))
        entered = max((view for kind in self.ENTERED for view in views[kind]), default=(0, 0))
        inside = asked > max(entered, self.begun)
        self.begun = max([self.begun, *(slot[1:3] for slots in new.values() for slot in slots
                                        if slot[0] in ("new view", *self.ENTERED))])
        return inside


def wanted_state(path):
    """Whether a node asked others for their state in this life."""
    return any(frame[0] == STATE_WANT for frame in frames(path) if frame)
