"""Is this a good code, and which number does each grid get? Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

AREA_DIGITS = 12
"""6 county + 3 township + 3 community."""
UNIT_GRID_DIGITS = 15
"""The community's 12 and 3 for the grid in it."""
PROFESSIONAL_GRID_DIGITS = 20
"""CJ/T 349."""
GB_DIGITS: dict[str, dict[str, tuple[int, ...]]] = {
    "areas": {"code": (AREA_DIGITS,), "parent": (AREA_DIGITS,)},
    "grids": {"code": (UNIT_GRID_DIGITS, PROFESSIONAL_GRID_DIGITS)},
}
"""Kind → column → allowed lengths under the scheme ``gb``, for ``checks.Context.code_digits``.
A county of 6 digits or a township of 9 is written with zeros behind, to 12."""

_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_CHECK = np.frombuffer(b"10X98765432", dtype=np.uint8)


def follows_scheme(code: str, digits: Sequence[int]) -> bool:
    """Whether the code is all ASCII digits and of an allowed length.

    >>> follows_scheme("211402001001003", (15, 20)), follows_scheme("21140200100100", (15, 20))
    (True, False)
    """
    return len(code) in digits and code.isascii() and code.isdigit()


def check_digit(seventeen: str) -> str:
    """The eighteenth character of a citizen ID: ISO 7064 MOD 11-2, "0"–"9" or "X".

    Source: GB 11643-1999; the weights are 2**(17 - i) mod 11.

    >>> check_digit("11010519491231002")
    'X'

    Raises ValueError for anything but 17 digits.
    """
    if len(seventeen) != 17 or not (seventeen.isascii() and seventeen.isdigit()):
        raise ValueError("a citizen ID begins with 17 digits")
    digits = np.array([int(c) for c in seventeen], dtype=np.int64)
    return chr(_CHECK[int(digits @ _WEIGHTS) % 11])


def citizen_id_faults(ids: Sequence[str]) -> tuple[Mask, Mask, Mask]:
    """What is wrong with each ID: its form, its day of birth, its check digit.

    An ID of a wrong form is False in the two other masks. ``x`` counts as ``X``.
    """
    n = len(ids)
    form = np.fromiter(
        (len(i) != 18 or not i.isascii() or not i[:17].isdigit() or i[17] not in "0123456789Xx"
         for i in ids), bool, n,
    )  # fmt: skip
    birth, check = np.zeros(n, bool), np.zeros(n, bool)
    good = np.flatnonzero(~form)
    if len(good):
        packed = np.array([ids[i].upper() for i in good.tolist()], dtype="S18")
        bytes_of = packed.view(np.uint8).reshape(-1, 18)
        digits = bytes_of[:, :17].astype(np.int64) - 48
        check[good] = _CHECK[(digits @ _WEIGHTS) % 11] != bytes_of[:, 17]
        birth[good] = ~_is_day(digits[:, 6:14])
    return form, birth, check


def birth_dates(ids: Sequence[str]) -> list[str]:
    """'YYYY-MM-DD' out of IDs of a good form."""
    return [f"{i[6:10]}-{i[10:12]}-{i[12:14]}" for i in ids]


def sexes(ids: Sequence[str]) -> list[str]:
    """'m' for an odd seventeenth digit, 'f' for an even one, out of IDs of a good form."""
    return ["m" if int(i[16]) % 2 else "f" for i in ids]


def number_in_community(
    x: npt.ArrayLike, y: npt.ArrayLike, height_m: npt.ArrayLike
) -> npt.NDArray[np.int64]:
    """Numbers 1…n of the grids of one community: bands from north to south, each west to east.

    The rule says "west to east, then north to south" and leaves open what stands in one line.
    Here: the northernmost grid without a number opens a band; the band takes in every grid whose
    point lies less than half the median height further south than the opener's; inside a band
    x ascends. Points are compared in whole millimetres; of two on one spot the earlier in the
    input comes first. So the same grids get the same numbers whatever their order, unless two
    share a point.

    Parameters
    ----------
    x, y
        A point of each grid (its centroid) in a metric CRS, metres.
    height_m
        North–south extent of each grid.
    """
    mm_x, mm_y = (np.round(np.asarray(a, dtype=np.float64) * 1000).astype(np.int64) for a in (x, y))
    numbers = np.zeros(len(mm_x), dtype=np.int64)
    if not len(mm_x):
        return numbers
    reach = np.median(np.asarray(height_m, dtype=np.float64)) * 1000 / 2
    southwards = np.lexsort((np.arange(len(mm_x)), mm_x, -mm_y))
    band = np.zeros(len(mm_x), dtype=np.int64)
    opener = mm_y[southwards[0]]
    current = 0
    for i in southwards:
        if opener - mm_y[i] >= reach and mm_y[i] != opener:
            current, opener = current + 1, mm_y[i]
        band[i] = current
    order = np.lexsort((np.arange(len(mm_x)), -mm_y, mm_x, band))
    numbers[order] = np.arange(1, len(mm_x) + 1)
    return numbers


def unit_grid_codes(community: str, numbers: npt.ArrayLike) -> list[str]:
    """15-digit codes: the community's 12 digits and the number as three.

    Raises ValueError for a community code not of the scheme, or a number outside 1…999.
    """
    values = np.asarray(numbers, dtype=np.int64)
    if not follows_scheme(community, (AREA_DIGITS,)):
        raise ValueError("the community has no 12-digit code")
    if len(values) and (values.min() < 1 or values.max() > 999):
        raise ValueError("a community holds the grids 001 to 999")
    return [f"{community}{number:03d}" for number in values]


def _is_day(ymd: npt.NDArray[np.int64]) -> Mask:
    """Whether eight digits a row are a day between 1850 and 2200."""
    year = ymd[:, :4] @ np.array([1000, 100, 10, 1])
    month = ymd[:, 4:6] @ np.array([10, 1])
    day = ymd[:, 6:8] @ np.array([10, 1])
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    lengths = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    month_ok = (month >= 1) & (month <= 12)
    last = lengths[np.where(month_ok, month, 0)] + ((month == 2) & leap)
    within: Mask = month_ok & (day >= 1) & (day <= last) & (year >= 1850) & (year <= 2200)
    return within
