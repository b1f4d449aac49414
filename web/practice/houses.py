"""Houses that nobody lives in, on which whoever is new learns the work at the door; nothing of them is in a store."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from gisgrid.collection.questions import AskedQuestion
from gisgrid.collection.tasks import TaskInfo
from gisgrid.register.households import HouseholdView, Register, ResidentView

TASKS = ("lookup", "verify", "visit", "move", "report", "task")
"""What is practised, in the order in which one learns it."""


def _house(number: int, *households: HouseholdView) -> Register:
    return Register(
        number,
        0,
        f"样本-{number}",
        f"样本街 {number}号",
        "样本社区",
        "Sample community",
        "样本",
        "样本网格",
        households,
    )


def houses(day: date) -> tuple[Register, ...]:
    """The houses as of a day; at the first of them one stands. Somebody verified it nine months ago."""
    seen = day - timedelta(270)
    people = (
        ResidentView(1, "样*甲", "110101********0001", "199****0001", "1950", verified_on=seen),
        ResidentView(2, "样*乙", "110101********0002", None, "1953", verified_on=seen),
    )
    other = ResidentView(3, "样*丙", None, None, "1988")
    return (
        _house(1, HouseholdView(1, "样本户-1", "101", seen, people)),
        _house(2),
        _house(3, HouseholdView(2, "样本户-2", None, None, (other,))),
    )


def task(day: date) -> TaskInfo:
    """A collection task that is open on a day, and for a month from then on."""
    made = datetime.combine(day - timedelta(3), time(8), UTC)
    return TaskInfo(
        0, 0, "样本：用水普查", "care", ("resident.phone",), ("样本",), day + timedelta(30), "open", 1, "样本办公室",
        made, made, None, None, len(houses(day)),
        (
            AskedQuestion("家里有几口人？", "integer", id=1, number=1),
            AskedQuestion(
                "水管是什么材料？", "choice", required=False, choices=("铁管", "塑料管", "不清楚"), id=2, number=2
            ),
        ),
    )  # fmt: skip


def found(day: date, words: str, *, besides: int = 0) -> list[Register]:
    """Of the invented houses those whose address has some words in it; blanks do not count."""
    asked = "".join(words.split())
    return [
        house
        for house in houses(day)
        if asked and asked in "".join(house.address.split()) and house.house_id != besides
    ]
