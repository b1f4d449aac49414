"""Addresses are read the same however they are written; the register and a question alike."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.locate.addresses.likeness import confidences, number_difference, street_difference
from gisgrid.locate.addresses.normal import fold, reader, readings
from gisgrid.locate.addresses.readings import span, within

NAMES = {fold(n) for n in ("臺北市", "下埤里", "東河社區", "Hyde Park", "South Boston")}


@pytest.mark.parametrize(
    ("text", "street", "number", "upper"),
    [
        ("學府路１２號", "学府路", "12号", ()),
        ("学府路 12 号", "学府路", "12号", ()),
        ("学府路12", "学府路", "12号", ()),
        ("学府路十二号", "学府路", "12号", ()),
        ("学府路一百零八号", "学府路", "108号", ()),
        ("学府路廿三号", "学府路", "23号", ()),
        ("学府路012号", "学府路", "12号", ()),
        ("12号学府路", "学府路", "12号", ()),
        ("学府路12号3幢1单元502室", "学府路", "12号3幢1单元502室", ()),
        ("学府路12号3栋第一单元502", "学府路", "12号3幢1单元502室", ()),
        ("学府路12号三号楼一单元", "学府路", "12号3幢1单元", ()),
        ("学府路12号1单元3栋", "学府路", "12号3幢1单元", ()),
        ("学府路12号，3座，5楼", "学府路", "12号3幢5层", ()),
        ("学府路2-3-501", "学府路", "2幢3单元501室", ()),
        ("供销社家属院3号楼2单元", "供销社家属院", "3幢2单元", ()),
        ("安和路5之1號", "安和路", "5-1号", ()),
        ("安和路5號之1", "安和路", "5-1号", ()),
        ("安和路5-1号", "安和路", "5-1号", ()),
        ("延平路9、11號", "延平路", "9、11号", ()),
        ("延平路9～11號", "延平路", "9~11号", ()),
        ("延平路9至11号", "延平路", "9~11号", ()),
        ("新明路３１２巷臨６號", "新明路", "312巷临6号", ()),
        ("民權東路三段１１號", "民权东路", "3段11号", ()),
        ("民權東路3段216巷34弄11號", "民权东路", "3段216巷34弄11号", ()),
        ("臺北市中山區下埤里001鄰民權東路三段11號", "民权东路", "3段11号",
         ("台北市", "中山区", "下埤里", "1邻")),
        ("台北市, 中山區, 民權東路三段11號", "民权东路", "3段11号", ("台北市", "中山区")),
        ("东河社区学府路12号", "学府路", "12号", ("东河社区",)),
        ("某某镇学府路12号", "学府路", "12号", ("某某镇",)),
        ("王家村3组12号", "王家村", "12号", ("3组",)),
        # Names that only look as if they stood above the street.
        ("市民大道四段1号", "市民大道", "4段1号", ()),
        ("新区路5号", "新区路", "5号", ()),
        ("三里屯路5号", "三里屯路", "5号", ()),
        ("大安巷5號", "大安巷", "5号", ()),
        ("中山一路5号", "中山一路", "5号", ()),
        ("老供销社后面", "老供销社后面", "", ()),
        ("37 Mystic St", "mystic st", "37号", ()),
        ("37 MYSTIC STREET.", "mystic st", "37号", ()),
        ("Mystic St 37", "mystic st", "37号", ()),
        ("37 Mystic Street Charlestown MA 02129", "mystic st", "37号", ("charlestown", "02129")),
        ("6-10 A St  Hyde Park  MA  02136", "a st", "6~10号", ("hyde", "park", "02136")),
        ("6 - 10 A St", "a st", "6~10号", ()),
        ("02136, 6 A St", "a st", "6号", ("02136",)),
        ("147 Ipswich Street Apt 3B, Boston", "ipswich st", "147号3b室", ("boston",)),
        ("147 Ipswich St #4", "ipswich st", "147号4室", ()),
        ("82 West Broadway  South Boston", "w broadway", "82号", ("south", "boston")),
        ("82 W Broadway South Boston", "w broadway", "82号", ("south", "boston")),
        ("12 East St", "east st", "12号", ()),
        ("12 East Newton St", "e newton st", "12号", ()),
        ("9 1/2 East Third St", "e 3rd st", "9hf号", ()),
        ("9½ E 3rd Street", "e 3rd st", "9hf号", ()),
        ("15 Saint James Av", "saint james ave", "15号", ()),
        ("30Gove St", "gove st", "30号", ()),
        ("1 O'Brien Ct", "obrien ct", "1号", ()),
    ],
)  # fmt: skip
def test_readings(text: str, street: str, number: str, upper: tuple[str, ...]):
    reading = reader(NAMES)(text)
    assert (reading.street, reading.number, reading.upper) == (street, number, upper)


@pytest.mark.parametrize(
    ("text", "street"),
    [
        ("下埤里民權東路三段11號", "民权东路"),
        ("南塘村和平路8号", "和平路"),
        ("3里市場路8號", "市场路"),
        ("10 Fenway Boston", "fenway"),
    ],
)
def test_a_question_is_also_read_so_that_the_register_can_tell(text: str, street: str):
    assert street in {r.street for r in readings(text)}


@pytest.mark.parametrize(
    ("value", "known", "inside"),
    [
        ("147", "145~151", True),
        ("148", "145~151", False),
        ("148", "145~152", True),
        ("143", "145~151", False),
        ("147a", "145~151", True),
        ("10", "9、11", False),
        ("147", "147", False),
        ("697", "791~1", False),
        ("abc", "145~151", False),
        ("9" * 30, "1~" + "9" * 30, False),
    ],
)
def test_a_range_has_one_side_of_the_street_or_both(value: str, known: str, inside: bool):
    assert within(value, known) == inside


def test_a_range_too_large_for_the_store_has_no_ends():
    assert span("1~99999999999号") is None


PARTS = st.lists(
    st.sampled_from(
        [
            "臺北市", "中山區", "下埤里", "001鄰", "民權東路", "三段", "３段", "216巷", "十二", "11號",
            "號", "之1", "-", "第一單元", "3棟", "5樓", "臨", "市民大道", "大安巷", "、", "~", " ", "7",
            "37", "Mystic", " St", "  ", "MA", "02129", "6-10", "#", "3B", "\0", "½",
        ]
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(PARTS, PARTS)
def test_what_a_reader_remembers_changes_no_reading(before: list[str], parts: list[str]):
    text = "".join(parts)
    used = reader(NAMES)
    used("".join(before))
    used("".join(before) + "1號")
    assert used(text) == reader(NAMES)(text)


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(max_size=60), PARTS.map("".join)))
def test_any_text_is_read_into_plain_letters(text: str):
    for reading in (reader(NAMES)(text), *readings(text)):
        whole = " ".join((reading.street, reading.number, *reading.upper))
        assert not set(whole) & set('"\\\0\n\t,')
        assert not any(0xD800 <= ord(c) < 0xE000 for c in whole)


@settings(max_examples=300, deadline=None)
@given(PARTS)
def test_folding_twice_is_folding_once(parts: list[str]):
    assert fold(fold("".join(parts))) == fold("".join(parts))


def test_equal_parts_differ_in_nothing_and_another_number_is_never_taken():
    assert street_difference("民权路", "民权路").cost == 0
    assert number_difference("12号", "12号").cost == 0
    (chance,) = confidences([number_difference("12号", "13号").cost])
    assert chance < 0.9


def test_confidences_leave_room_for_none_of_them():
    assert confidences([]) == []
    two = confidences([0.0, 0.0])
    assert two[0] == two[1]
    assert 0.49 < two[0] < 0.5
    assert confidences([0.0])[0] > 0.99
    assert confidences([20.0])[0] < 0.001
