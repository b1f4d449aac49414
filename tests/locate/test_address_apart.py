"""What tells two places of a register apart is asked about, never taken for a slip."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township as only_township
from gisgrid.locate.addresses.divisions import _codes, above
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.locate.addresses.normal import fold_name
from gisgrid.locate.addresses.search import AddressAnswer, search
from tests.support.addresses import Door
from tests.support.apart import taken_for_another
from tests.support.factories import create_house, create_township
from tests.support.sketch import spot

HERE = spot(0.5, 0.5)


def ask(session: Session, register: list[str], asked: str, **area: str) -> AddressAnswer:
    """Of a township with these addresses, in the county and of the code and name that are given."""
    township = create_township(session)
    for column, value in area.items():
        name, _, of = column.partition("_")
        which = "id = :t" if of != "county" else "id = (SELECT parent_id FROM area WHERE id = :t)"
        session.execute(
            text(f"UPDATE area SET {name} = :value WHERE {which}"),
            {"value": value, "t": township.area_id},
        )
    for i, address in enumerate(register):
        create_house(
            session, township, (HERE[0] + i * 0.01, HERE[1]), code=address, address=address
        )
    index_addresses(session, township.area_id)
    return search(session, township.area_id, asked)


@pytest.mark.parametrize(
    ("register", "asked", "like"),
    [
        # Direction: in the name, before it, behind it, and as the quarter of a city.
        (["民权东路5号", "民权西路7号"], "民权西路5号", "民权东路5号"),
        (["民权东路5号", "民权西路7号"], "民权北路5号", "民权东路5号"),
        (["民权东路5号"], "民权西路5号", "民权东路5号"),
        (["东河路5号", "西河路7号"], "南河路5号", "东河路5号"),
        (["民权东路5号", "民权路7号"], "民权路5号", "民权东路5号"),
        (["民权路5号"], "民权东路5号", "民权路5号"),
        (["5 K St NW", "7 K St SE"], "5 K St SE", "5 K St NW"),
        (["5 K St NW", "7 K St SE"], "5 K Street Southeast", "5 K St NW"),
        (["5 N Elm St", "7 S Elm St"], "5 South Elm St", "5 N Elm St"),
        (["5 Elm St"], "5 North Elm St", "5 Elm St"),
        (["5 Elm St, Roxbury", "7 Elm St, West Roxbury"], "5 Elm St, West Roxbury", "5 Elm St, Roxbury"),
        # Numbers and letters of streets; old and new.
        (["经一路5号", "经二路7号"], "经三路5号", "经一路5号"),
        (["幸福一区3号", "幸福二区5号"], "幸福二区3号", "幸福一区3号"),
        (["老城街3号"], "新城街3号", "老城街3号"),
        (["康成街9号"], "新康成街9号", "康成街9号"),
        (["5 1st St", "7 2nd St"], "5 2nd St", "5 1st St"),
        (["5 K St"], "5 L St", "5 K St"),
        # The kind of street, where the register has both.
        (["康成街9号", "康成路11号"], "康成路9号", "康成街9号"),
        (["康成街9号", "康成路11号"], "康成道9号", "康成街9号"),
        (["祥昌巷8号", "祥昌弄9号"], "祥昌弄8号", "祥昌巷8号"),
        (["5 Elm St", "7 Elm Ave"], "5 Elm Ave", "5 Elm St"),
        (["5 Elm St", "7 Elm Ave"], "5 Elm Rd", "5 Elm St"),
        # A street of the register, however like another.
        (["中山路5号", "中正路7号"], "中正路5号", "中山路5号"),
        (["5 Oak St", "7 Oat St"], "5 Oat St", "5 Oak St"),
        # Lanes.
        (["民权路160巷34号"], "民权路160巷30弄34号", "民权路160巷34号"),
        (["民权路160巷34号"], "民权路161巷34号", "民权路160巷34号"),
        (["民权路160巷34号"], "民权路160弄34号", "民权路160巷34号"),
        # Districts and communities.
        (["大安区和平路8号", "大同区和平路9号"], "大同区和平路8号", "大安区和平路8号"),
        (["石桥社区康成街9号", "柳湾社区康成街11号"], "柳湾社区康成街9号", "石桥社区康成街9号"),
        (["石桥社区康成街9号"], "东风社区康成街9号", "石桥社区康成街9号"),
        (["东河社区康成街9号"], "西河社区康成街9号", "东河社区康成街9号"),
        (["石桥社区康成街9号", "柳湾村康成街11号"], "柳湾村康成街9号", "石桥社区康成街9号"),
        (["东河村3组5号"], "东河村4组5号", "东河村3组5号"),
        (["东河村3号", "学校路5号"], "东河村学校路3号", "学校路5号"),
        (["5 Elm St, Dorchester", "7 Elm St, Roxbury"], "5 Elm St, Roxbury", "5 Elm St, Dorchester"),
        (["5 Elm St, Dorchester"], "5 Elm St, Springfield", "5 Elm St, Dorchester"),
        (["5 Elm St, Roxbury, 02119", "7 Oak St, Roxbury, 02120"], "5 Elm St, Roxbury, 02120", "5 Elm St, Roxbury, 02119"),
        (["5 Elm St, West Roxbury", "7 Elm St, Roxbury"], "5 Elm St, Roxbury", "5 Elm St, West Roxbury"),
    ],
)  # fmt: skip
def test_what_tells_places_apart_is_asked_about(
    session: Session, register: list[str], asked: str, like: str
):
    answer = ask(session, register, asked)
    assert answer.match is None
    # It is offered all the same.
    assert like in [candidate.code for candidate in answer.candidates]
    # What was meant is found under its own words.
    for address in register:
        own = ask(session, register, address).match
        assert own is not None and own.code == address


@pytest.mark.parametrize(
    ("register", "asked"),
    [
        # A slip is a slip as before.
        (["和平路8号", "中山路8号"], "和乎路8号"),
        (["石桥社区康成街9号"], "石乔社区康成街9号"),
        (["37 Mystic St, Charlestown"], "37 Mystik St, Charlstown"),
        # Another kind of street, where there is only one of the name; a word too many above it.
        (["康成街9号"], "康成路9号"),
        (["5 Elm St"], "5 Elm Street Boston"),
        (["石桥社区康成街9号"], "石桥村康成街9号"),
        (["石桥社区康成街9号"], "幸福小区石桥社区康成街9号"),
        (["5 Elm St, Roxbury, 02119", "7 Elm St, Roxbury, 02120"], "5 Elm St, Roxbury, 02199"),
        # Left out where there is no other.
        (["民权东路5号"], "民权路5号"),
        (["5 K St NW", "7 K St SE"], "5 K St"),
    ],
)
def test_a_slip_and_what_is_left_out_are_answered(
    session: Session, register: list[str], asked: str
):
    match = ask(session, register, asked).match
    assert match is not None and match.code == register[0]


INVENTED = {"name": "F镇（虚构）", "code": "999901001", "name_county": "虚构县"}
REAL = {"name": "测试镇", "code": "211422999", "name_county": "建昌县"}


@pytest.mark.parametrize(
    ("area", "above_it", "sure"),
    [
        (INVENTED, "F镇", True),
        (INVENTED, "虚构县F镇", True),
        (INVENTED, "虚构市虚构县F镇", True),
        (INVENTED, "虚构市F镇", True),
        (INVENTED, "北京市F镇", False),
        (INVENTED, "北京F镇", False),
        (INVENTED, "北京市", False),
        (INVENTED, "北京石桥社区", False),
        (INVENTED, "辽宁省葫芦岛市F镇", False),
        (INVENTED, "海淀区F镇", False),
        (INVENTED, "另外县F镇", False),
        (INVENTED, "G镇石桥社区", False),
        (INVENTED, "开发区石桥社区", True),
        (REAL, "测试镇", True),
        (REAL, "辽宁省葫芦岛市建昌县测试镇", True),
        (REAL, "葫芦岛市建昌县", True),
        (REAL, "辽宁建昌县测试镇石桥社区", True),
        (REAL, "辽宁省朝阳市建昌县测试镇", False),
        (REAL, "河北省建昌县测试镇", False),
        (REAL, "沈阳市测试镇", False),
        (REAL, "昆山市测试镇", False),
        (REAL, "绥中县测试镇", False),
    ],
)
def test_a_place_of_another_city_is_asked_about(
    session: Session, area: dict[str, str], above_it: str, sure: bool
):
    register = ["石桥社区康成街9号", "石桥社区康成街11号"]
    answer = ask(session, register, f"{above_it}康成街9号", **area)
    assert answer.candidates[0].code == register[0]
    assert (answer.match is not None) == sure


def test_names_of_provinces_and_cities_are_in_our_one_form_of_writing():
    assert [name for name in _codes() if fold_name(name) != name] == []
    assert above("110108") == {"北京", "北京市"}
    assert above("420106") == {"湖北", "湖北省", "武汉", "武汉市"}
    assert above("469001") == {"海南", "海南省"}


@pytest.mark.thorough
def test_of_town_f_no_variant_of_an_address_is_taken_for_it(town: Session):
    """Other directions, kinds and numbers of streets, other communities: none is ever another house."""
    place = only_township(town)
    index_addresses(town, place.id)
    doors = []
    for address in town.scalars(text("SELECT address FROM house ORDER BY id")):
        community, tail = re.fullmatch(r"(\S+?(?:社区|村))(.+)", address).groups()
        doors.append(Door(("虚构县", community), tail, community, None, False))
    wrong, asked = taken_for_another(town, place.id, doors, sample=200)
    assert wrong == []
    assert asked["district"] > 100 and asked.total() > 150
