"""The keys that the address search looks in: made from the register after a load."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.db.store import copy_text, raw
from gisgrid.locate.addresses.normal import fold, reader
from gisgrid.locate.addresses.readings import span

RULES = 1
"""Raised when a reading changes for the same text: every key is then made again."""
_CHUNK = 100_000
_COLUMNS = ("house_id", "street_id", "number", "low", "high", "upper", "source")


def index_addresses(session: Session, township_id: int) -> int:
    """Make the keys of new and changed houses of a township; how many were made.

    To be called after every load of houses or areas, in its transaction. A second call makes none.
    Keys of deleted houses go with them.
    """
    # Two loads at once would both add the same street.
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('address_key'), hashtext(CAST(:t AS text)))"),
        {"t": township_id},
    )
    names = _names_above(session, township_id)
    seed = _seed(names)
    read = reader(names)
    upper_of: dict[str, tuple[str, ...]] = {}
    known = session.execute(
        text("SELECT name, id FROM address_street WHERE township_id = :t"), {"t": township_id}
    )
    street_ids: dict[str, int] = dict(known.all())
    above: set[str] = set()
    made = 0
    for rows in _stale(session, township_id, seed):
        found = [
            (house_id, read(address), community, source)
            for house_id, address, community, source, _ in rows
        ]
        new = {reading.street for _, reading, _, _ in found} - street_ids.keys()
        if new:
            street_ids |= _add_streets(session, township_id, sorted(new))
        old = [row[0] for row in rows if row[4]]
        if old:
            session.execute(
                text("DELETE FROM address_key WHERE house_id = ANY(:ids)"), {"ids": old}
            )
        lines = []
        for house_id, reading, community, source in found:
            if community not in upper_of:
                upper_of[community] = _words(community)
            names_above = dict.fromkeys((*upper_of[community], *reading.upper))
            above.update(names_above)
            upper = " ".join(names_above)
            ends = span(reading.number)
            low, high = ends if ends else ("", "")
            lines.append(
                f'{house_id},{street_ids[reading.street]},"{reading.number}",{low},{high},"{upper}",{source}\n'
            )
        copy_text(session, "address_key", _COLUMNS, ["".join(lines)])
        made += len(rows)
    if made:
        _forget_empty_streets(session, township_id)
        _note_names(session, township_id, above)
    if made > _CHUNK // 10:
        session.execute(text("ANALYZE address_street, address_key"))
    return made


def keyed(
    session: Session, township_id: int, address: str, community: str
) -> dict[str, str | int | None]:
    """The key of one address to come, by the columns of ``address_key``, with its ``street`` by name.

    ``seed`` is what the hash of its source is made with.
    """
    names = _names_above(session, township_id)
    reading = reader(names)(address)
    low, high = span(reading.number) or (None, None)
    return {
        "street": reading.street, "number": reading.number, "low": low, "high": high,
        "upper": " ".join(dict.fromkeys((*_words(community), *reading.upper))), "seed": _seed(names),
    }  # fmt: skip


def grams(name: str) -> str:
    """A name as trigrams see it: each Chinese character is a word of its own.

    Plain trigrams of 和平路 and 和乎路 share one of seven; the characters share two of three.

    >>> grams("民权路"), grams("ipswich st")
    ('民 权 路', 'ipswich st')
    """
    return " ".join("".join(f" {c} " if c > "\u2fff" else c for c in name).split())


def _seed(names: list[str]) -> int:
    return int.from_bytes(hashlib.blake2b(repr((RULES, names)).encode(), digest_size=7).digest())


def _names_above(session: Session, township_id: int) -> list[str]:
    """Names of the township, its county and its communities, folded; sorted."""
    rows = session.execute(
        text(
            """
            SELECT name, name_en FROM area a WHERE a.parent_id = :t OR a.id = :t
               OR a.id = (SELECT parent_id FROM area WHERE id = :t)
            """
        ),
        {"t": township_id},
    )
    return sorted({fold(name) for row in rows for name in row if name})


def _words(community: str) -> tuple[str, ...]:
    folded = fold(community)
    if folded.isascii():
        return tuple(re.findall(r"\w+", folded))
    return (re.sub(r"\W", "", folded),)


def _stale(
    session: Session, township_id: int, seed: int
) -> Iterator[list[tuple[int, str, str, int, bool]]]:
    """Houses whose key is missing or made from something else, in chunks."""
    with raw(session).cursor(name="stale_addresses") as cursor:
        cursor.execute(
            """
            SELECT h.id, h.address, coalesce(c.name, ''), s.source, k.house_id IS NOT NULL
            FROM house h
            LEFT JOIN area c ON c.id = h.community_id
            LEFT JOIN address_key k ON k.house_id = h.id
            CROSS JOIN LATERAL (SELECT hashtextextended(
                h.address || coalesce(E'\\n' || c.name, ''), %s) AS source) s
            WHERE h.township_id = %s AND k.source IS DISTINCT FROM s.source
            """,
            (seed, township_id),
        )
        while rows := cursor.fetchmany(_CHUNK):
            yield rows


def _add_streets(session: Session, township_id: int, names: list[str]) -> dict[str, int]:
    rows = session.execute(
        text(
            """
            INSERT INTO address_street (township_id, name)
            SELECT :t, name FROM unnest(CAST(:names AS text[])) AS new(name) RETURNING name, id
            """
        ),
        {"t": township_id, "names": names},
    )
    return dict(rows.all())


def _note_names(session: Session, township_id: int, names: set[str]) -> None:
    """Remember names that stand above streets; a name no house has any more tells nothing wrong."""
    session.execute(
        text(
            "INSERT INTO address_name (township_id, name) "
            "SELECT :t, name FROM unnest(CAST(:names AS text[])) AS new(name) ON CONFLICT DO NOTHING"
        ),
        {"t": township_id, "names": sorted(names)},
    )


def _forget_empty_streets(session: Session, township_id: int) -> None:
    session.execute(
        text(
            """
            DELETE FROM address_street s WHERE s.township_id = :t
              AND NOT EXISTS (SELECT FROM address_key k WHERE k.street_id = s.id)
            """
        ),
        {"t": township_id},
    )
