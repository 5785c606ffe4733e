#!/usr/bin/env python3
"""verify_beacon.py - verifies a beacon's round with nothing but the era's key: no node, no C.

usage: tools/verify_beacon.py FILE --members N --key HEX --domain HEX --round R

--key: the commitments of the coin key, 32 bytes each, one behind the other; as many as shares are
needed.  Written from docs/formats.md ("Keys that members share", "Beacon") and RFC 9496 alone: its
own ristretto255, proofs and interpolation, none of it in constant time, as it holds no secret.
Exit 0: valid, prints the value.  1: invalid, prints why.  2: the arguments cannot be used."""
import argparse
import hashlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from verify_proof import Invalid, decode, file_read, is_bytes, is_uint, need  # noqa: E402

MEMBERS_MAX, NEEDED_MAX = 64, 22
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_M1 = pow(2, (P - 1) // 4, P)


# ---- ristretto255 (RFC 9496, section 4) ---------------------------------------------------------


def negative(x):
    return x & 1


def absolute(x):
    return P - x if negative(x) else x


def root_of_ratio(u, v):
    """(whether u / v is a square, the root of it or of u / v times the root of -1) (4.2)."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    if check in (-u % P, -u * ROOT_M1 % P):
        r = r * ROOT_M1 % P
    return check in (u % P, -u % P), absolute(r)


INVERSE_ROOT = root_of_ratio(1, -1 - D)[1]  # 1 / sqrt(a - d)
ROOT_AD_M1 = P - root_of_ratio(-D - 1, 1)[1]  # sqrt(a d - 1), the odd one, as 4.1 prints it
assert ROOT_AD_M1 * ROOT_AD_M1 % P == (-D - 1) % P and negative(ROOT_AD_M1)


class Point:
    """A point of edwards25519 in extended coordinates; equality and encoding are ristretto's."""

    def __init__(self, x, y, z, t):
        self.x, self.y, self.z, self.t = x % P, y % P, z % P, t % P

    def __add__(self, other):
        a = (self.y - self.x) * (other.y - other.x)
        b = (self.y + self.x) * (other.y + other.x)
        c = 2 * D * self.t * other.t
        d = 2 * self.z * other.z
        e, f, g, h = b - a, d - c, d + c, b + a
        return Point(e * f, g * h, f * g, e * h)

    def __neg__(self):
        return Point(-self.x, self.y, self.z, -self.t)

    def __sub__(self, other):
        return self + -other

    def __rmul__(self, scalar):
        result, power = Point(0, 1, 1, 0), self
        while scalar:
            if scalar & 1:
                result += power
            power += power
            scalar >>= 1
        return result

    def encode(self):
        """4.3.2."""
        u1 = (self.z + self.y) * (self.z - self.y) % P
        u2 = self.x * self.y % P
        inverse = root_of_ratio(1, u1 * u2 * u2)[1]
        den1, den2 = inverse * u1 % P, inverse * u2 % P
        z_inverse = den1 * den2 * self.t % P
        x, y, den = self.x, self.y, den2
        if negative(self.t * z_inverse % P):
            x, y, den = self.y * ROOT_M1 % P, self.x * ROOT_M1 % P, den1 * INVERSE_ROOT % P
        if negative(x * z_inverse % P):
            y = -y
        return absolute(den * (self.z - y) % P).to_bytes(32, "little")


def point(data, what):
    """4.3.1; the identity is refused."""
    s = int.from_bytes(data, "little")
    need(s < P and not negative(s), f"{what} is no point: not canonical")
    u1, u2 = (1 - s * s) % P, (1 + s * s) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    square, inverse = root_of_ratio(1, v * u2 * u2)
    den_x = inverse * u2 % P
    den_y = inverse * den_x * v % P
    x, y = absolute(2 * s * den_x % P), u1 * den_y % P
    need(square and not negative(x * y % P) and y != 0, f"{what} is no point")
    need(s != 0, f"{what} is the identity")
    return Point(x, y, 1, x * y)


def mapped(data):
    """Half of the map of 4.3.4."""
    t = int.from_bytes(data, "little") % 2**255 % P
    r = ROOT_M1 * t * t % P
    u, v = (r + 1) * (1 - D * D) % P, (-1 - r * D) * (r + D) % P
    square, s = root_of_ratio(u, v)
    c = -1 if square else r
    s = s if square else -absolute(s * t % P)
    n = c * (r - 1) * (D - 1) ** 2 - v
    w0, w1, w2, w3 = 2 * s * v, n * ROOT_AD_M1, 1 - s * s, 1 + s * s
    return Point(w0 * w3, w2 * w1, w1 * w3, w0 * w2)


BASE = point(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"),
             "the generator")


# ---- Keys that members share (docs/formats.md) --------------------------------------------------


def uniform(domain, *parts):
    data = bytes([len(domain)]) + domain.encode()
    for part in parts:
        data += len(part).to_bytes(4, "little") + part
    return hashlib.sha512(data).digest()


def scalar(data, what):
    value = int.from_bytes(data, "little")
    need(value < ORDER, f"{what} is not below the order")
    return value


def share_key(commitments, member):
    total, power = Point(0, 1, 1, 0), 1
    for commitment in commitments:
        total += power * commitment
        power = power * (member + 1) % ORDER
    return total


def share_check(key, member, base, share, what):
    """The point of a coin share whose proof holds."""
    image = point(share[:32], what)
    c, z = scalar(share[32:64], f"{what}: c"), scalar(share[64:], f"{what}: z")
    index = (member + 1).to_bytes(32, "little")
    a, b = z * BASE - c * key, z * base - c * image
    said = uniform("edgecord coin share", key.encode(), base.encode(), share[:32], a.encode(),
                   b.encode(), index)
    need(int.from_bytes(said, "little") % ORDER == c, f"{what} is not good")
    return image


def at_zero(members, points):
    total = Point(0, 1, 1, 0)
    for own, value in zip(members, points):
        weight = 1
        for other in members:
            if other != own:
                weight = weight * (other + 1) * pow(other - own, -1, ORDER) % ORDER
        total += weight * value
    return total


def beacon_check(data, members, key, domain, wanted):
    """The value, 32 bytes, of a file's round; Invalid with the reason otherwise."""
    item = decode(data, "the file")
    need(type(item) is list and len(item) == 4 and item[0] == "edgecord/beacon/1" and
         is_bytes(32)(item[1]) and is_uint(item[2]) and type(item[3]) is list,
         "the file is no beacon")
    need(all(type(one) is list and len(one) == 2 and is_uint(one[0]) and is_bytes(96)(one[1])
             for one in item[3]), "the shares are not pairs of a member and 96 bytes")
    need(item[1] == domain, f"it is of another domain: {item[1].hex()}")
    need(item[2] == wanted, f"it is of round {item[2]}, not {wanted}")
    needed, given = len(key) // 32, [one[0] for one in item[3]]
    need(len(given) == needed, f"it holds {len(given)} shares, {needed} are needed")
    need(given == sorted(set(given)), "its members do not ascend")
    need(all(member < members for member in given), "it names a member that there is not")
    commitments = [point(key[i:i + 32], "a commitment") for i in range(0, len(key), 32)]
    name = b"beacon" + domain + wanted.to_bytes(8, "little")
    half = uniform("edgecord coin name", key[:32], name)
    base = mapped(half[:32]) + mapped(half[32:])
    images = [share_check(share_key(commitments, member), member, base, share,
                          f"the share of member {member}") for member, share in item[3]]
    value = at_zero(given, images).encode()
    return uniform("edgecord coin value", key[:32], name, value)[:32]


def main():
    parser = argparse.ArgumentParser(description="verifies a round of a beacon by the era's key")
    parser.add_argument("file")
    parser.add_argument("--members", type=int, required=True)
    parser.add_argument("--key", type=bytes.fromhex, required=True)
    parser.add_argument("--domain", type=bytes.fromhex, required=True)
    parser.add_argument("--round", type=int, required=True)
    options = parser.parse_args()
    if (not 1 <= options.members <= MEMBERS_MAX or len(options.domain) != 32 or
            len(options.key) % 32 or not 32 <= len(options.key) <= 32 * NEEDED_MAX or
            not 0 <= options.round < 2**63):
        parser.error("expected 1 to 64 members, a key of 1 to 22 commitments of 32 bytes, a domain "
                     "of 32 bytes, a round below 2^63")
    try:
        value = beacon_check(file_read(options.file), options.members, options.key,
                             options.domain, options.round)
    except Invalid as error:
        print(f"invalid: {error}")
        return 1
    except OSError as error:
        print(f"unusable: {error}", file=sys.stderr)
        return 2
    print(f"valid: {value.hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
