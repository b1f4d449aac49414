"""Like street names in memory: as ``pg_trgm`` would find them, and never those of another moment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.locate.addresses.gazetteer import grams, index_addresses
from gisgrid.locate.addresses.streets import StreetNames, streets_of, trigrams
from tests.support.factories import create_house, create_township
from tests.support.sketch import spot

NAMES = (
    "和平路", "和平东路", "和平街", "中山路", "中山北路", "学府路", "府学路", "石桥村",
    "elm st", "elmhurst rd", "st marys st", "a st", "d st", "o'hare ave", "x-1", "2 nd ave",
)  # fmt: skip


@pytest.fixture
def streets(session: Session) -> StreetNames:
    township = create_township(session)
    session.execute(
        text(
            "INSERT INTO address_street (township_id, name) SELECT :t, unnest(CAST(:names AS text[]))"
        ),
        {"t": township.area_id, "names": list(NAMES)},
    )
    return streets_of(session, township.area_id)


@pytest.mark.parametrize(
    "asked", ["和乎路", "平和路", "elm street", "mary st", "st", "路", "", "?"]
)
def test_the_like_ones_are_those_of_the_database(
    session: Session, streets: StreetNames, asked: str
):
    theirs = session.execute(
        text(
            "SELECT n, similarity(g, :asked) FROM unnest("
            "CAST(:names AS text[]), CAST(:grams AS text[])) AS s(n, g)"
        ),
        {"asked": grams(asked), "names": list(NAMES), "grams": [grams(n) for n in NAMES]},
    ).all()
    expected = sorted((-likeness, name) for name, likeness in theirs if likeness >= 0.25)
    assert [s.name for s in streets.like([asked])] == [name for _, name in expected]


@given(st.text(max_size=30))
def test_trigrams_are_of_three_characters(name: str):
    assert all(len(t) == 3 for t in trigrams(name))


def test_what_is_held_follows_the_store(session: Session):
    township = create_township(session)

    def names() -> list[str]:
        return [s.name for s in streets_of(session, township.area_id).streets]

    assert names() == []
    create_house(session, township, spot(0.5, 0.5), code="1", address="学府路12号")
    index_addresses(session, township.area_id)
    assert names() == ["学府路"]
    with session.begin_nested() as undone:
        create_house(session, township, spot(0.5, 0.5), code="2", address="和平路1号")
        index_addresses(session, township.area_id)
        assert names() == ["和平路", "学府路"]
        undone.rollback()
    assert names() == ["学府路"]
