"""Files that were whole, damaged at random: bytes turned, blocks cut, doubled, emptied, or the end lost."""

from __future__ import annotations

import random


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The bytes with one to four damages; never the same as before."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out))
        size = min(len(out) - at, rng.choice((1, 1, 2, 8, 64, 512, 4096)))
        match rng.randrange(6):
            case 0:
                for i in range(at, at + size):
                    out[i] ^= rng.randrange(1, 256)
            case 1:
                del out[at : at + size]
            case 2:
                out[at:at] = out[at : at + size]
            case 3:
                out[at : at + size] = bytes(size)
            case 4:
                out[at:at] = rng.randbytes(size)
            case _:
                del out[max(1, at) :]
    return bytes(out) if bytes(out) != data and out else data + b"\0"
