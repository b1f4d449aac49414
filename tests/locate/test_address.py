"""The address search: a house, or candidates; never a guess."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid, NotFound
from gisgrid.db import tables as t
from gisgrid.locate.addresses import aliases
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.locate.addresses.search import AddressAnswer, nearest_address, search
from tests.support.factories import create_area, create_house, create_township
from tests.support.sketch import sketch, spot

HERE = spot(0.5, 0.5)


def town(session: Session, *addresses: str) -> t.Township:
    """A township whose houses have these addresses; the code is the address."""
    township = create_township(session)
    for i, address in enumerate(addresses):
        place = (HERE[0] + i * 0.01, HERE[1])
        create_house(session, township, place, code=address, address=address)
    index_addresses(session, township.area_id)
    return township


def codes(answer: AddressAnswer) -> list[str | None]:
    return [c.code for c in answer.candidates]


@pytest.mark.parametrize(
    ("asked", "house"),
    [
        ("学府路12号", "学府路12号"),
        ("學府路１２號", "学府路12号"),
        ("学府路十二号", "学府路12号"),
        ("某某镇学府路 12 号", "学府路12号"),
        ("12号学府路", "学府路12号"),
        ("学府路12", "学府路12号"),
        ("学府路14号3栋第一单元", "学府路14号3幢1单元"),
        ("学府路14号3号楼1单元502室", "学府路14号3幢1单元"),
        ("147 Ipswich Street", "145-151 Ipswich St"),
        ("145 Ipswich St.", "145-151 Ipswich St"),
        ("37 mystic street, Charlestown", "37 Mystic St"),
        ("Mystic St 37", "37 Mystic St"),
        ("和乎路8号", "和平路8号"),
    ],
)
def test_other_ways_of_writing_find_the_house(session: Session, asked: str, house: str):
    township = town(
        session, "学府路12号", "学府路14号3幢1单元", "学府路112号", "和平路8号", "中山路8号",
        "145-151 Ipswich St", "37 Mystic St", "39 Mystic St",
    )  # fmt: skip
    answer = search(session, township.area_id, asked)
    assert answer.match is not None
    assert answer.match.code == house


def test_an_exact_address_says_so_in_both_languages(session: Session):
    township = town(session, "学府路12号")
    match = search(session, township.area_id, "学府路12号").match
    assert match is not None
    assert (match.reason.en, match.reason.in_language("zh")) == ("exact", "完全一致")
    assert match.confidence > 0.99
    assert (match.lon, match.lat) == HERE


def test_a_missing_unit_is_said_and_asked_for_where_there_are_several(session: Session):
    township = town(session, "学府路12号3幢1单元", "学府路12号3幢2单元", "和平路8号2单元")
    alone = search(session, township.area_id, "和平路8号").match
    assert alone is not None
    assert alone.reason.en == "street and number, unit missing"
    several = search(session, township.area_id, "学府路12号3幢")
    assert several.match is None
    assert codes(several) == ["学府路12号3幢1单元", "学府路12号3幢2单元"]
    assert sum(c.confidence for c in several.candidates) <= 1


def test_the_side_of_the_street_counts_for_a_range(session: Session):
    township = town(session, "145-151 Ipswich St")
    assert search(session, township.area_id, "147 Ipswich St").match is not None
    assert search(session, township.area_id, "148 Ipswich St").match is None
    assert search(session, township.area_id, "153 Ipswich St").match is None


def test_the_names_above_the_street_tell_like_streets_apart(session: Session):
    township = town(session, "东河社区和平路8号", "西岭社区和平路8号")
    assert search(session, township.area_id, "和平路8号").match is None
    match = search(session, township.area_id, "西岭社区和平路8号").match
    assert match is not None
    assert match.code == "西岭社区和平路8号"


def test_the_community_of_the_house_counts_as_if_it_stood_in_the_address(session: Session):
    township = create_township(session)
    for name in ("东河社区", "西岭社区"):
        area = create_area(
            session, "community", sketch("a")["a"], parent_id=township.area_id, name=name
        )
        create_house(session, township, HERE, code=name, address="和平路8号", community_id=area.id)
    index_addresses(session, township.area_id)
    match = search(session, township.area_id, "东河社区和平路8号").match
    assert match is not None
    assert match.code == "东河社区"


def test_a_number_that_is_not_there_is_asked_about(session: Session):
    township = town(session, "和平路8号", "和平路10号", "和平路12号")
    answer = search(session, township.area_id, "和平路9号")
    assert answer.match is None
    assert "和平路8号" in codes(answer)
    assert "house number" in answer.candidates[0].reason.en


def test_nothing_like_it_gives_nothing(session: Session):
    township = town(session, "和平路8号")
    assert search(session, township.area_id, "qwertz uiop").candidates == ()


def test_one_address_written_twice_on_one_spot_is_one_answer(session: Session):
    township = create_township(session)
    for code, place in (("a", HERE), ("b", HERE), ("c", None)):
        create_house(session, township, place, code=code, address="和平路8号")
    index_addresses(session, township.area_id)
    match = search(session, township.area_id, "和平路8号").match
    assert match is not None
    assert (match.code, match.written) == ("a", 3)


def test_one_address_on_two_spots_is_asked_about(session: Session):
    township = create_township(session)
    for code, place in (("a", HERE), ("b", spot(1.9, 0.5))):
        create_house(session, township, place, code=code, address="和平路8号")
    index_addresses(session, township.area_id)
    answer = search(session, township.area_id, "和平路8号")
    assert answer.match is None
    assert codes(answer) == ["a", "b"]


@pytest.mark.parametrize("asked", ["", "   ", "-- ;", "，。", "\0", "学" * 10_000])
def test_what_cannot_be_an_address_is_refused(session: Session, asked: str):
    township = town(session, "和平路8号")
    with pytest.raises(Invalid) as caught:
        search(session, township.area_id, asked)
    assert caught.value.in_language("zh")


@pytest.mark.parametrize(
    "asked",
    [
        "'; DROP TABLE house; --",
        "<script>alert(1)</script>",
        "%' OR 1=1 --",
        "和平路8号\0",
        "\ud800和平路",
        "1" * 200,
        "号号号号",
        "之1号",
        "(((((",
        "9" * 30 + "-" + "9" * 30 + " Ipswich St",
        "%号",
        "_路8号",
        "\\",
        "🏠" * 20,
    ],
)
def test_code_in_an_address_is_only_text(session: Session, asked: str):
    township = town(session, "和平路8号")
    try:
        answer = search(session, township.area_id, asked)
    except Invalid:
        pass
    else:
        assert len(answer.candidates) <= 5
    assert session.scalar(text("SELECT count(*) FROM house")) == 1


@pytest.mark.parametrize(
    "address", ["", '"; DROP', "a,b\nc", "号", "\\N", "9" * 40 + "-" + "1" * 40 + " A St", "之"]
)
def test_any_address_of_the_register_gets_a_key(session: Session, address: str):
    township = create_township(session)
    create_house(session, township, HERE, address=address)
    assert index_addresses(session, township.area_id) == 1


def test_only_new_and_changed_houses_get_new_keys(session: Session):
    township = create_township(session)
    house = create_house(session, township, HERE, code="old", address="和平路8号")
    assert index_addresses(session, township.area_id) == 1
    assert index_addresses(session, township.area_id) == 0
    create_house(session, township, HERE, code="new", address="新华路1号")
    house.address = "学府路12号"
    session.flush()
    assert index_addresses(session, township.area_id) == 2
    assert search(session, township.area_id, "学府路12号").match.code == "old"
    assert search(session, township.area_id, "和平路8号").match is None
    assert session.scalars(text("SELECT name FROM address_street ORDER BY name")).all() == [
        "学府路",
        "新华路",
    ]


def test_a_deleted_house_takes_its_key_along(session: Session):
    township = town(session, "和平路8号")
    session.execute(text("DELETE FROM house"))
    assert session.scalar(text("SELECT count(*) FROM address_key")) == 0
    assert search(session, township.area_id, "和平路8号").candidates == ()


def test_a_new_community_makes_the_keys_again(session: Session):
    township = town(session, "下埤里民权路8号")
    create_area(session, "community", sketch("a")["a"], parent_id=township.area_id, name="下埤里")
    assert index_addresses(session, township.area_id) == 1
    assert session.scalar(text("SELECT name FROM address_street")) == "民权路"


def test_an_alias_means_a_house_or_a_spot(session: Session):
    township = town(session, "和平路8号")
    assert aliases.add(
        session, township.area_id, aliases.AliasEntry("老供销社后面", house="和平路8号"), who="w1"
    )
    match = search(session, township.area_id, "老供銷社 后面").match
    assert match is not None
    assert (match.code, match.reason.en) == ("和平路8号", "alias of 和平路8号")
    aliases.add(session, township.area_id, aliases.AliasEntry("大榕树", point=HERE), who="w1")
    answer = search(session, township.area_id, "大榕树")
    assert answer.match is not None
    assert answer.match.house_id is None
    assert (answer.match.lon, answer.match.lat) == HERE
    assert answer.nearest is not None
    assert answer.nearest.distance_m < 0.01


def test_words_like_an_alias_are_asked_about(session: Session):
    township = town(session, "和平路8号")
    entry = aliases.AliasEntry("老供销社后面", house="和平路8号")
    aliases.add(session, township.area_id, entry, who="w1")
    answer = search(session, township.area_id, "老供销社前面")
    assert answer.match is None
    assert codes(answer) == ["和平路8号"]


def test_the_newest_meaning_of_an_alias_counts(session: Session):
    township = town(session, "和平路8号", "和平路10号")
    area = township.area_id
    assert aliases.add(session, area, aliases.AliasEntry("粮店", house="和平路8号"), who="w1")
    assert not aliases.add(session, area, aliases.AliasEntry("粮店", house="和平路10号"), who="w2")
    match = search(session, area, "粮店").match
    assert match is not None
    assert match.code == "和平路10号"
    assert session.scalars(text("SELECT added_by FROM alias")).all() == ["w2"]


def test_a_file_of_aliases_is_loaded_once_and_bad_lines_are_named(session: Session, tmp_path: Path):
    township = town(session, "和平路8号")
    file = tmp_path / "aliases.csv"
    file.write_text(
        "俗称,房屋编码,经度,纬度\n粮店,和平路8号,,\n大榕树,,120.9,40.7\n"
        "没有的,不存在,,\n歪的,,abc,1\n两样,和平路8号,120.9,40.7\n,和平路8号,,\n远,,500,1\n",
        encoding="utf-8-sig",
    )
    done = aliases.load(session, township.area_id, file, who="w1")
    assert (done.added, done.changed, done.unchanged) == (2, 0, 0)
    assert [line for line, _ in done.refused] == [4, 5, 6, 7, 8]
    again = aliases.load(session, township.area_id, file, who="w1")
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)
    # As an office saves it: in GB18030, under a title, with what cannot be seen.
    office = tmp_path / "office.csv"
    office.write_bytes(
        "俗称表,,,\n俗称,房屋编码,经度,纬度\n粮店\u200b,和平路8号,,\n".encode("gb18030")
    )
    assert aliases.load(session, township.area_id, office, who="w1").unchanged == 1


@pytest.mark.parametrize("content", [b"", b"name,code\nx,y\n", b"\xff\xfe\x00", b"alias\n\0\n"])
def test_a_file_that_is_no_alias_book_is_refused(session: Session, tmp_path: Path, content: bytes):
    township = town(session, "和平路8号")
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    try:
        done = aliases.load(session, township.area_id, file, who="w1")
    except Invalid:
        return
    assert done.added == 0
    assert done.refused


def test_the_nearest_address_is_the_nearest_in_metres(session: Session):
    # At 65 degrees north a degree of longitude is less than half as long as one of latitude.
    township = create_township(session, metric_srid=3006)
    rng = np.random.default_rng(7)
    places = rng.uniform([17.0, 65.0], [17.1, 65.05], (60, 2)).tolist()
    for i, place in enumerate(places):
        create_house(session, township, tuple(place), code=f"{i:02}")
    for lon, lat in rng.uniform([17.0, 65.0], [17.1, 65.05], (20, 2)).tolist():
        best = session.execute(
            text(
                "SELECT code, ST_Distance(ST_Transform(geom, 3006), ST_Transform("
                "ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), 3006)) AS d "
                "FROM house ORDER BY d, code LIMIT 1"
            ),
            {"lon": lon, "lat": lat},
        ).one()
        found = nearest_address(session, township.area_id, lon, lat)
        assert found is not None
        assert (found.code, found.distance_m) == (best.code, best.d)


def test_without_a_point_there_is_no_nearest_address(session: Session):
    township = create_township(session)
    create_house(session, township, None)
    assert nearest_address(session, township.area_id, *HERE) is None
    with pytest.raises(NotFound):
        nearest_address(session, -1, *HERE)
