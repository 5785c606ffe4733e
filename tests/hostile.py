"""hostile.py - peers of a real node that speak TLS 1.3 and then misbehave, or are not of the roster.

Certificates are made here byte by byte, as src/node/tls.c makes them: nothing but an Ed25519 key,
signed by itself."""
import base64
import os
import random
import socket
import ssl
import struct
import threading

from network import Author, wait_for

LINK = b"edgecord/link/"  # and a digit, then the genesis hash, then what is random in each life
FRAME_MAX = 8 << 20
ED25519 = b"\x06\x03\x2b\x65\x70"
CUT_S = 5  # after so long without a word a link is given up; without a hello after three seconds


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    head = bytes([size]) if size < 128 else b"\x82" + struct.pack(">H", size)
    return bytes([tag]) + head + body


def certificate(author):
    """Self-signed, X.509 v3, without end."""
    algorithm = der(0x30, ED25519)
    name = der(0x30, der(0x31, der(0x30, b"\x06\x03\x55\x04\x03", der(0x0c, b"edgecord"))))
    validity = der(0x30, der(0x17, b"700101000000Z"), der(0x18, b"99991231235959Z"))
    key = der(0x30, algorithm, der(0x03, b"\0", author.key))
    signed = der(0x30, der(0xa0, b"\x02\x01\x02"), b"\x02\x01\x01", algorithm, name, validity, name,
                 key)
    return der(0x30, signed, algorithm, der(0x03, b"\0", author.sign(signed)))


def pem(what, data):
    return (f"-----BEGIN {what}-----\n{base64.encodebytes(data).decode()}"
            f"-----END {what}-----\n")


def context_of(author, folder, version=ssl.TLSVersion.TLSv1_3):
    """A client with the key of an author; with none when he is None."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, version
    if author:
        path = os.path.join(folder, "peer.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write(pem("CERTIFICATE", certificate(author)))
            file.write(pem("PRIVATE KEY", bytes.fromhex("302e020100300506032b657004220420") +
                           author.seed))
        context.load_cert_chain(path)
    return context


def frame(data):
    return struct.pack("<I", len(data)) + data


def call(node, context, data, seconds=10.0):
    """Says something over TLS and listens until it is cut.  Returns: whether it was, in time."""
    try:
        with socket.create_connection(("127.0.0.1", node.peer_port), timeout=seconds) as plain:
            with context.wrap_socket(plain) as link:
                link.sendall(data)
                while link.recv(65536):
                    pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def hello_of(node, context):
    """The frame that the node says first."""
    data = b""
    with socket.create_connection(("127.0.0.1", node.peer_port), timeout=10) as plain:
        with context.wrap_socket(plain) as link:
            while len(data) < 4 or len(data) < 4 + struct.unpack_from("<I", data)[0]:
                data += link.recv(65536)
    return data[4:4 + struct.unpack_from("<I", data)[0]]


def misbehave(check, network, node, cases):
    """Each case: what it is, context, what it says, a part of the line that the node must write."""
    for what, context, data, line in cases:
        said = len(node.log())
        cut = call(node, context, data)
        check(cut and wait_for(lambda said=said, line=line: line in node.log()[said:], 5),
              f"a peer: {what}: cut, with the reason in the log", node.log()[said:][-300:])
    check(node.is_alive() and node.is_ready(), "after such peers the node is ready",
          node.log()[-300:])


def trial(check, network):
    """In the place of the last member of the cell, who is stopped meanwhile."""
    cell = network.groups["cell1"]
    away, node, other = cell[3], cell[0], cell[1]
    away.stop()
    member = Author(os.path.join(away.folder, "identity.key"), network.genesis("cell1"))
    known = context_of(member, network.folder)
    theirs, noise, begin = hello_of(node, known), random.Random(3).randbytes(4096), len(LINK) + 1
    check(theirs.startswith(LINK) and theirs[begin:begin + 32] == member.genesis,
          "a node says hello with the protocol's name and the genesis", theirs)
    rest = random.Random(4).randbytes(len(theirs) - begin - 32)
    hello = frame(theirs[:begin + 32] + rest)
    silent, spoke = [], [len(node.log()), len(other.log())]

    def keep_silent(of, data):
        silent.append(call(of, known, data, 3 * CUT_S))
    waits = [threading.Thread(target=keep_silent, args=pair) for pair in (
        (other, hello), (node, b""))]
    for thread in waits:
        thread.start()
    misbehave(check, network, node, (
        ("a key that is in no roster", context_of(member.stranger(), network.folder), hello,
         "is not in the roster"),
        ("no certificate", context_of(None, network.folder), hello, "did not return a certificate"),
        ("TLS 1.2", context_of(member, network.folder, ssl.TLSVersion.TLSv1_2), hello,
         "no TLS: unsupported protocol"),
        ("garbage for a hello", known, frame(noise[:len(theirs)]), "does not speak " +
         LINK.decode()),
        ("the hello of another network", known, frame(theirs[:begin] + bytes(32) + rest),
         "it belongs to another network"),
        ("a length beyond the hello", known, struct.pack("<I", 0x7fffffff) + noise,
         f"announces a frame of 2147483647 bytes; at most {len(theirs)} are taken"),
        ("a frame beyond the limit", known, hello + struct.pack("<I", 0x7fffffff) + noise,
         f"announces a frame of 2147483647 bytes; at most {FRAME_MAX} are taken"),
        ("garbage for a frame", known, hello + frame(noise), "a frame that is malformed")))
    for thread in waits:
        thread.join()
    check(silent == [True, True], "a peer that says nothing, before or after its hello: cut")
    for of, since, line in ((node, spoke[0], "no hello within"), (other, spoke[1], "silent")):
        # The peer sees its end before the node has written why.
        check(wait_for(lambda of=of, since=since, line=line: line in of.log()[since:], 5),
              f"a peer that says nothing: the log has its reason: {line}",
              of.log()[since:][-300:])
    away.start()
    check(network.wait_ready([away, node, other], 20), "the true member is taken again")
