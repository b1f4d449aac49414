"""Households and residents of an ageing town; nobody in it exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scripts.town.names import SURNAMES, people
from scripts.town.spec import AS_OF, COUNTY, Floats, Ints, Spec

SIZE_SHARES = (0.17, 0.31, 0.26, 0.16, 0.07, 0.03)
# Per household size: weight, members, age span of the first. H head, S spouse, C child of the head,
# P parent of the head, G grandchild of the head.
COMPOSITIONS: dict[int, tuple[tuple[float, str, int, int], ...]] = {
    1: ((0.55, "H", 65, 92), (0.45, "H", 24, 64)),
    2: ((0.45, "HS", 62, 84), (0.33, "HS", 27, 61), (0.16, "HP", 38, 62), (0.06, "HG", 58, 72)),
    3: ((0.58, "HSC", 28, 58), (0.24, "HSP", 40, 63), (0.12, "HCP", 34, 52), (0.06, "HSG", 56, 71)),
    4: ((0.34, "HSCC", 29, 48), (0.42, "HSCP", 33, 55), (0.24, "HSPP", 42, 60)),
    5: ((0.50, "HSCPP", 34, 52), (0.50, "HSCCP", 32, 48)),
    6: ((1.00, "HSCCPP", 33, 48),),
}  # fmt: skip
CHECK_CHARACTERS = "10X98765432"
CHECK_WEIGHTS = np.array([2 ** (17 - k) % 11 for k in range(17)])


@dataclass(frozen=True)
class Members:
    """Arrays over residents, household by household, the head first."""

    household: Ints
    role: Ints
    """Code point of H, S, C, P or G."""
    age: Floats
    sex: Ints
    """0 female, 1 male."""
    alone_with_grandparents: Ints


def sizes(spec: Spec, rng: np.random.Generator) -> Ints:
    """Members of every household; they add up to ``spec.residents`` exactly."""
    size = rng.choice(np.arange(1, 7), spec.households, p=SIZE_SHARES)
    while missing := spec.residents - int(size.sum()):
        step = int(np.sign(missing))
        able = np.flatnonzero(size < 6 if step > 0 else size > 1)
        size[rng.choice(able, min(abs(missing), len(able)), replace=False)] += step
    return size


def members(size: Ints, rng: np.random.Generator) -> Members:
    """Who lives together: roles, ages in years and sexes."""
    role = np.zeros((len(size), 6), np.int64)
    head_age = np.zeros(len(size))
    for n, kinds in COMPOSITIONS.items():
        rows = np.flatnonzero(size == n)
        kind = rng.choice(len(kinds), len(rows), p=[k[0] for k in kinds])
        for number, (_, letters, youngest, oldest) in enumerate(kinds):
            these = rows[kind == number]
            role[these[:, None], np.arange(n)] = [ord(c) for c in letters]
            head_age[these] = rng.uniform(youngest, oldest + 1, len(these))
    head_sex = (rng.random(len(size)) < np.where(size == 1, 0.42, 0.72)).astype(int)

    household, slot = np.nonzero(role)
    letter, age = role[household, slot], head_age[household]
    noise = rng.random(len(household))
    age = np.select(
        [letter == ord(c) for c in "SCPG"],
        [age - 4 + 7 * noise, age - 23 - 9 * noise, age + 22 + 8 * noise, age - 46 - 10 * noise],
        age,
    )
    unborn = age < 0.1
    age[unborn] = rng.uniform(0.1, 8.0, int(unborn.sum()))
    sex = rng.integers(0, 2, len(household))
    sex = np.where(letter == ord("H"), head_sex[household], sex)
    sex = np.where(letter == ord("S"), 1 - head_sex[household], sex)
    second_parent = (letter == ord("P")) & np.r_[False, letter[:-1] == ord("P")]
    second_parent &= np.r_[False, np.diff(household) == 0]
    sex[second_parent] = 1 - sex[np.flatnonzero(second_parent) - 1]
    left_behind = (letter == ord("G")) & (age < 16)
    return Members(household, letter, age, sex, left_behind.astype(int))


def residents_table(
    who: Members, size: Ints, verified: NDArray[np.str_], rng: np.random.Generator
) -> pd.DataFrame:
    """The rows of residents.csv; ``verified`` is the day of each household, "" where none."""
    n = len(who.household)
    as_of = np.datetime64(AS_OF)
    birth = as_of - (who.age * 365.2425 + 0.5).astype("timedelta64[D]")
    family = rng.integers(0, len(SURNAMES), len(size))[who.household]
    own_name = np.isin(who.role, [ord("S"), ord("P")]) & (rng.random(n) < 0.85)
    surname = np.where(own_name, rng.integers(0, len(SURNAMES), n), family)

    has_phone = (who.age > 13) & (rng.random(n) < np.where(who.age > 78, 0.6, 0.97))
    number = np.cumsum(has_phone) - 1
    phone = np.where(has_phone, [f"19900{k % 1_000_000:06d}" for k in number.tolist()], "")
    return pd.DataFrame(
        {
            "code": [f"R{k:07d}" for k in range(1, n + 1)],
            "household": [f"H{k:07d}" for k in (who.household + 1).tolist()],
            "name": people(surname, rng),
            "citizen_id": citizen_ids(birth, who.sex),
            "phone": phone,
            "sex": np.where(who.sex == 1, "m", "f"),
            "birth_date": birth.astype(str),
            "needs": _needs(who, size, rng),
            "verified_on": verified[who.household],
        }
    )


def citizen_ids(birth: NDArray[np.datetime64], sex: Ints) -> list[str]:
    """18 characters each, none twice: area, birth date, odd number for men, check character.

    The check is ISO 7064 MOD 11-2 as in GB 11643.
    """
    day = birth.astype(str)
    order = np.lexsort((sex, day))
    key = np.char.add(day[order], sex[order].astype(str))
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    rank = np.arange(len(key)) - np.repeat(starts, np.diff(np.r_[starts, len(key)]))
    sequence = np.empty(len(key), int)
    sequence[order] = 2 * rank + np.where(sex[order] == 1, 1, 2)
    if len(sequence) and sequence.max() > 999:
        raise RuntimeError("more than 499 people of one sex born on one day")
    stem = [
        f"{COUNTY}{d.replace('-', '')}{s:03d}"
        for d, s in zip(day.tolist(), sequence.tolist(), strict=True)
    ]
    digits = np.array(stem).view("U1").reshape(-1, 17).astype(int)
    check = np.array(list(CHECK_CHARACTERS))[digits @ CHECK_WEIGHTS % 11]
    return [a + b for a, b in zip(stem, check.tolist(), strict=True)]


def check_character(stem: str) -> str:
    """The 18th character of a citizen ID.

    >>> check_character("11010519491231002")
    'X'
    """
    return CHECK_CHARACTERS[int(np.array(list(stem), int) @ CHECK_WEIGHTS) % 11]


def _needs(who: Members, size: Ints, rng: np.random.Generator) -> list[str]:
    n = len(who.household)
    poor = (rng.random(len(size)) < 0.045)[who.household]
    flags = {
        "living_alone": (size[who.household] == 1) & (who.age >= 65),
        "disabled": rng.random(n) < 0.012 + 0.045 * (who.age / 80) ** 2,
        "child_alone": who.alone_with_grandparents == 1,
        "chronic_illness": rng.random(n) < np.clip((who.age - 45) / 90, 0, 0.35),
        "low_income": poor,
    }
    rows = np.stack(list(flags.values()), axis=1)
    names = list(flags)
    return [
        ";".join(name for name, yes in zip(names, row, strict=True) if yes) for row in rows.tolist()
    ]
