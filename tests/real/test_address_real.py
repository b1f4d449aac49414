"""Addresses of Taipei and Boston are found again after what happens to them on the telephone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.orm import Session

from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.locate.addresses.search import search
from tests.support.addresses import (
    DAMAGES,
    Door,
    boston,
    cambridge,
    damaged,
    fill_and_index,
    taipei,
)
from tests.support.apart import taken_for_another

pytestmark = pytest.mark.real
SEARCHES = 200


@pytest.fixture(scope="module")
def cities(empty: Session, data: Path) -> dict[str, tuple[int, list[Door]]]:
    """Every sixth door plate of Taipei, third address of Boston, and Cambridge, each in a township."""
    doors = {
        "Taipei": taipei(data)[::6],
        "Boston": boston(data)[::3],
        "Cambridge": cambridge(data),
    }
    return {name: (fill_and_index(empty, name, of), of) for name, of in doors.items()}


@pytest.mark.parametrize("city", ["Taipei", "Boston"])
@pytest.mark.parametrize(("damages", "floor"), [(0, 0.99), (1, 0.95), (2, 0.85)])
def test_the_first_answer_is_right_and_a_sure_one_nearly_always(
    empty: Session, cities: dict[str, tuple[int, list[Door]]], city: str, damages: int, floor: float
):
    township, doors = cities[city]
    rng = np.random.default_rng(3)
    right = sure = sure_right = 0
    for at in rng.integers(len(doors), size=SEARCHES).tolist():
        names = [str(n) for n in rng.choice(list(DAMAGES), damages, replace=False)]
        answer = search(empty, township, damaged(doors[at], names, rng))
        code = answer.candidates[0].code if answer.candidates else None
        hit = code is not None and doors[int(code)].same == doors[at].same
        right += hit
        sure += answer.match is not None
        sure_right += hit and answer.match is not None
    assert right >= floor * SEARCHES
    assert sure_right >= 0.98 * sure
    assert sure > 0.5 * SEARCHES


def test_keys_are_made_once(empty: Session, cities: dict[str, tuple[int, list[Door]]]):
    assert [index_addresses(empty, township) for township, _ in cities.values()] == [0, 0, 0]


# Cambridge has one district, and of four of its addresses one is on a street of several kinds.
@pytest.mark.parametrize(("city", "each"), [("Taipei", 1), ("Boston", 1), ("Cambridge", 4)])
def test_no_variant_of_an_address_is_taken_for_it(
    empty: Session, cities: dict[str, tuple[int, list[Door]]], city: str, each: int
):
    township, doors = cities[city]
    wrong, asked = taken_for_another(empty, township, doors, sample=each * SEARCHES)
    assert wrong == []
    assert asked.total() > SEARCHES / 2
