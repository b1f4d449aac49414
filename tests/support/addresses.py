"""Real addresses of two cities, put into a store, and what happens to them on the telephone."""

from __future__ import annotations

import csv
import gzip
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.db.store import copy_rows
from gisgrid.locate.addresses.gazetteer import index_addresses

DEFAULT_POINT = (-71.0587, 42.3594)  # Boston's City Hall: where addresses without a place stand


@dataclass(frozen=True, slots=True)
class Door:
    """An address in parts, and what tells it from all others."""

    upper: tuple[str, ...]
    """Names above the street, highest first."""
    tail: str
    """Street and number, as published."""
    community: str
    place: tuple[float, float] | None
    english: bool

    @property
    def written(self) -> str:
        if self.english:
            return "  ".join((self.tail, *self.upper))
        return "".join((*self.upper, self.tail))

    @property
    def same(self) -> tuple[str, ...]:
        """Equal for rows of the source that are one address: one district, one text in one width."""
        plain = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", self.tail)).strip()
        plain = plain if self.english else plain.replace("之", "-")
        return (self.upper[0 if self.english else 1], self.upper[-1] if self.english else "", plain)


def taipei(folder: Path) -> list[Door]:
    """The 192,503 door plates: 臺北市, 區, 里, 鄰 and the plate."""
    with gzip.open(folder / "taipei_addresses.csv.gz", "rt", encoding="utf-8") as file:
        return [
            Door(
                ("臺北市", row["行政區"], row["里"], row["鄰"]), row["地址"], row["里"], None, False
            )
            for row in csv.DictReader(file)
        ]


def boston(folder: Path) -> list[Door]:
    """The 46,989 addresses: number and street, locality, state, postcode."""
    doors = []
    with gzip.open(folder / "boston_addresses.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            tail = row["LOCATION_STREET_NAME"].strip()
            rest = row["Location"].removeprefix(tail).split("  ")
            place = (float(row["LONGITUDE"]), float(row["LATITUDE"]))
            doors.append(
                Door(
                    tuple(part.strip() for part in rest if part.strip()),
                    tail,
                    row["neighborhood"],
                    None if place == DEFAULT_POINT else place,
                    True,
                )
            )
    return doors


def cambridge(folder: Path) -> list[Door]:
    """The addresses of the assessor's units, in one city of one name."""
    with gzip.open(folder / "cambridge_house_units.csv.gz", "rt", encoding="utf-8") as file:
        tails = sorted({" ".join(row["Location"].split()) for row in csv.DictReader(file)})
    return [Door(("Cambridge", "MA"), tail, "Cambridge", None, True) for tail in tails if tail]


def invented(doors: Sequence[Door], rng: np.random.Generator) -> list[Door]:
    """A city like Chinese ``doors`` whose streets and communities have other names."""
    letters = sorted({c for d in doors for c in re.sub(r"[\d０-９\W]", "", d.tail + d.community)})
    names: dict[str, str] = {}

    def other(name: str) -> str:
        if name not in names:
            names[name] = "".join(rng.choice(letters, 2)) + name[-1]
        return names[name]

    found = []
    for d in doors:
        street = re.split(r"[\d０-９一二三四五六七八九十]+[段巷弄號之]|[\d０-９]", d.tail)[0]
        tail = (other(street) if street else "") + d.tail[len(street) :]
        community = other(d.community)
        upper = (d.upper[0], d.upper[1], community, d.upper[3])
        found.append(replace(d, upper=upper, tail=tail, community=community))
    return found


def fill(session: Session, name: str, doors: Sequence[Door]) -> int:
    """A township of that name with these doors, house codes being their places in the list."""
    county = _area(session, f"{name} county", "county", f"{name} county", None)
    township = _area(session, name, "township", name, county)
    session.execute(
        text("INSERT INTO township (area_id, metric_srid) VALUES (:t, 32619)"), {"t": township}
    )
    communities = {
        community: _area(session, f"{name}/{i}", "community", community, township)
        for i, community in enumerate(sorted({d.community for d in doors}))
    }
    copy_rows(
        session,
        "house",
        ("township_id", "code", "address", "community_id", "location_status", "geom"),
        (
            (
                township,
                str(i),
                d.written,
                communities[d.community],
                "ok" if d.place else "unlocated",
                f"SRID=4326;POINT({d.place[0]} {d.place[1]})" if d.place else None,
            )
            for i, d in enumerate(doors)
        ),
    )
    return township


def fill_and_index(session: Session, name: str, doors: Sequence[Door]) -> int:
    township = fill(session, name, doors)
    index_addresses(session, township)
    return township


def _area(session: Session, code: str, level: str, name: str, parent: int | None) -> int:
    return int(
        session.scalar(
            text(
                "INSERT INTO area (code, level, name, parent_id) VALUES (:c, :l, :n, :p) "
                "RETURNING id"
            ),
            {"c": code, "l": level, "n": name or "-", "p": parent},
        )
    )


@dataclass(frozen=True, slots=True)
class Said:
    """An address as somebody says it: parts that damages change, then one text."""

    upper: tuple[str, ...]
    tail: str
    english: bool
    upper_last: bool = False
    text: str = ""
    """Set by damages of single characters, which come last."""

    def __str__(self) -> str:
        if self.text:
            return self.text
        if self.english:
            parts = (*self.upper, self.tail) if self.upper_last else (self.tail, *self.upper)
            return ", ".join(parts)
        return "".join((self.tail, *self.upper) if self.upper_last else (*self.upper, self.tail))


Damage = Callable[[Said, np.random.Generator], Said]


def drop_upper(said: Said, rng: np.random.Generator) -> Said:
    """Some or all of the names above the street are missing."""
    keep = rng.random(len(said.upper)) < rng.choice([0, 0.5])
    return replace(said, upper=tuple(n for n, k in zip(said.upper, keep, strict=True) if k))


def swap_order(said: Said, rng: np.random.Generator) -> Said:
    """The names above stand on the other side of the street; English: the number after the street."""
    if said.english and rng.random() < 0.5:
        number, _, street = said.tail.partition(" ")
        return replace(said, tail=f"{street} {number}")
    return replace(said, upper_last=not said.upper_last)


def other_width(said: Said, rng: np.random.Generator) -> Said:
    """Digits (and in English letters) in the other width."""
    narrow = unicodedata.normalize("NFKC", said.tail)
    if narrow != said.tail:
        return replace(said, tail=narrow)
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in said.tail)
    return replace(said, tail=wide)


def abbreviate(said: Said, rng: np.random.Generator) -> Said:
    """Another usual way of writing: Street for St; 3段 for 三段, 号 for 號, - for 之, or no 號."""
    if said.english:
        long = {"St": "Street", "Ave": "Avenue", "Rd": "Road", "Pl": "Place", "Ter": "Terrace",
                "Sq": "Square", "Ct": "Court", "Dr": "Drive", "Hwy": "Highway", "Ln": "Lane",
                "Blvd": "Boulevard", "Pkwy": "Parkway", "Cir": "Circle"}  # fmt: skip
        words = said.tail.split(" ")
        dotted = rng.random() < 0.3
        words[-1] = words[-1] + "." if dotted else long.get(words[-1], words[-1])
        return replace(said, tail=" ".join(words))
    tail = said.tail
    match rng.integers(4):
        case 0:
            tail = re.sub(
                "([一二三四五六七八九])段",
                lambda m: f"{'一二三四五六七八九'.index(m[1]) + 1}段",
                tail,
            )
        case 1:
            tail = tail.replace("號", "号").replace("東", "东").replace("樓", "楼")
        case 2:
            tail = tail.replace("之", "-")
        case _:
            tail = tail.removesuffix("號")
    return replace(said, tail=tail)


def wrong_character(said: Said, rng: np.random.Generator) -> Said:
    """One character is another one of its kind."""
    whole = str(said)
    at = int(rng.integers(len(whole)))
    old = whole[at]
    if unicodedata.normalize("NFKC", old).isdigit():
        kind = "0123456789"
    elif unicodedata.normalize("NFKC", old).isascii():
        kind = "abcdefghijklmnopqrstuvwxyz"
    else:
        kind = "中山大安信義松北南西東文士林內湖投港正萬華同和平民生建國新光明福德仁愛路街段巷里"
    new = str(rng.choice([c for c in kind if c != old]))
    return replace(said, text=whole[:at] + new + whole[at + 1 :])


def missing_character(said: Said, rng: np.random.Generator) -> Said:
    """One character is not there."""
    whole = str(said)
    at = int(rng.integers(len(whole)))
    return replace(said, text=whole[:at] + whole[at + 1 :])


# Whole parts change before single characters do.
DAMAGES: dict[str, Damage] = {
    "upper levels dropped": drop_upper,
    "order swapped": swap_order,
    "digits in the other width": other_width,
    "another usual writing": abbreviate,
    "one wrong character": wrong_character,
    "one missing character": missing_character,
}


def damaged(door: Door, names: Sequence[str], rng: np.random.Generator) -> str:
    """The address after these damages, each a key of `DAMAGES`."""
    said = Said(door.upper, door.tail, door.english)
    for name in sorted(names, key=list(DAMAGES).index):
        said = DAMAGES[name](said, rng)
    return str(said)
