#!/usr/bin/env python3
"""shared_keys.py - keys that members share, as verifiers need them: ristretto255 and coins.

Written from docs/formats.md ("Keys that members share") and RFC 9496 alone, for verify_proof.py:
its own group, proofs and interpolation, none of it in constant time, as it holds no secret."""
import functools
import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_M1 = pow(2, (P - 1) // 4, P)


class Wrong(Exception):
    """It is not what it should be; the text says why."""


def need(condition, why):
    if not condition:
        raise Wrong(why)


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


@functools.lru_cache(maxsize=64)  # proofs of one group share rosters
def share_keys(commitments, members):
    """The public halves of what `members` hold, of a key's commitments, 32 bytes each."""
    points = [point(commitments[i:i + 32], "a commitment") for i in range(0, len(commitments), 32)]
    keys = []
    for index in range(1, members + 1):
        total = Point(0, 1, 1, 0)
        for commitment in reversed(points):
            total = index * total + commitment
        need(total.encode() != bytes(32), f"the share key of voter {index - 1} is the identity")
        keys.append(total)
    return keys


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


def coin(commitments, members, name, shares):
    """The value, 32 bytes, of the coin of that name; Wrong with the reason otherwise.  In: shares:
    pairs of a member and its share of 96 bytes, ascending, as many as there are commitments."""
    keys = share_keys(commitments, members)
    half = uniform("edgecord coin name", commitments[:32], name)
    base = mapped(half[:32]) + mapped(half[32:])
    need(all(member < members for member, _ in shares), "it names a voter that there is not")
    images = [share_check(keys[member], member, base, share, f"the share of voter {member}")
              for member, share in shares]
    value = at_zero([member for member, _ in shares], images).encode()
    return uniform("edgecord coin value", commitments[:32], name, value)[:32]
