"""Which street names of a township are like this one? In memory, since there are few of them.

A million houses stand in some seven thousand streets. Their trigrams (as ``pg_trgm`` counts them)
are held by the process; a glance at the table tells whether they are still those of the store.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.locate.addresses.distinguishing import Likes
from gisgrid.locate.addresses.gazetteer import grams

Ids = npt.NDArray[np.int64]

_KEPT = 64
"""So many townships are held at once."""
_WORD = re.compile(r"[^\W_]+")


class NamedStreet(NamedTuple):
    """A street of the register, by the name that addresses give it."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class StreetNames:
    """The streets of one township at one moment."""

    stamp: tuple[object, ...]
    streets: tuple[NamedStreet, ...]
    """By name, so that equally like ones come in that order."""
    holders: dict[str, Ids]
    """Trigram to the places in ``streets`` that have it, ascending."""
    sizes: Ids
    """How many trigrams each street has."""
    likes: Likes
    """Which of them are alike but for what tells streets apart."""

    def like(
        self, names: Sequence[str], *, least: float = 0.25, most: int = 40
    ) -> list[NamedStreet]:
        """Streets that share a quarter of the trigrams of one of ``names``, the most alike first."""
        best = np.zeros(len(self.streets))
        for name in names:
            asked = trigrams(name)
            lists = [self.holders[t] for t in asked if t in self.holders]
            if lists:
                shared = np.bincount(np.concatenate(lists), minlength=len(best))
                best = np.maximum(best, shared / (len(asked) + self.sizes - shared))
        near = np.flatnonzero(best >= least)
        order = near[np.argsort(-best[near], kind="stable")][:most]
        return [self.streets[i] for i in order.tolist()]


def trigrams(name: str) -> frozenset[str]:
    """Runs of three characters, words padded with two blanks before and one after.

    Each Chinese character is a word of its own (``grams``).

    >>> sorted(trigrams("elm st")), len(trigrams("民权路"))
    (['  e', '  s', ' el', ' st', 'elm', 'lm ', 'st '], 6)
    """
    padded = (f"  {word} " for word in _WORD.findall(grams(name)))
    return frozenset(word[i : i + 3] for word in padded for i in range(len(word) - 2))


def streets_of(session: Session, township_id: int) -> StreetNames:
    """The streets of a township as the transaction sees them."""
    store = session.get_bind().engine.url.render_as_string(hide_password=True)
    key = (store, township_id)
    stamp = tuple(session.execute(_STAMP, {"t": township_id}).one())
    known = _held.get(key)
    if known is not None and known.stamp == stamp:
        return known
    rows = session.execute(_ALL, {"t": township_id}).all()
    made = _made(stamp, tuple(NamedStreet(*row) for row in rows))
    if len(_held) >= _KEPT:
        _held.clear()
    _held[key] = made
    return made


def _made(stamp: tuple[object, ...], streets: tuple[NamedStreet, ...]) -> StreetNames:
    holders: dict[str, list[int]] = defaultdict(list)
    sizes = []
    for place, street in enumerate(streets):
        own = trigrams(street.name)
        sizes.append(len(own))
        for trigram in own:
            holders[trigram].append(place)
    arrays = {trigram: np.array(places, np.int64) for trigram, places in holders.items()}
    likes = Likes.of(street.name for street in streets)
    return StreetNames(stamp, streets, arrays, np.array(sizes, np.int64), likes)


_held: dict[tuple[str, int], StreetNames] = {}

# A millisecond for 7,000 streets; asking the index for like ones took five times as long.
_STAMP = text("""
SELECT count(*), max(id), sum(hashtextextended(name, id)) FROM address_street WHERE township_id = :t
""")
_ALL = text("""
SELECT id, name FROM address_street WHERE township_id = :t ORDER BY name COLLATE "C"
""")
