"""Funds, equipment and rooms in the browser and at the terminal: noted, changed, ended, summed to the fen; by right."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta

import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.people import means
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import acting, refused, web_engine
from tests.support.office import CLERKS, TOWN, Keeper, able, staffed_town
from tests.support.terminal import gisgrid

PAGE = "/office/means"
OTHER = "999901001002"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    def filled(session: Session) -> dict[str, int]:
        made = staffed_town(session)
        return made | {"loader": able(session, "loader", "township_government", TOWN)}

    return filled


@pytest.fixture
def loader(engine: Engine, made: dict[str, int]) -> Keeper:
    return Keeper(engine, made["loader"])


def funds(keeper: Keeper, amount: str, area: str = TOWN, **more: str) -> int:
    values = {
        "area": area,
        "kind": "funds",
        "name": "工作经费",
        "amount": amount,
        "since": "2026-01-01",
    }
    return int(keeper.post(PAGE, **(values | more)).status_code)


def run(engine: Engine, *args: str) -> str:
    answer = gisgrid(engine, *args)
    assert answer.exit_code == 0, answer.output
    return answer.output


def row(page: str, key: str) -> str:
    return page.split(key)[1].split("</tr>", maxsplit=1)[0]


def test_sums_are_right_to_the_fen_and_count_what_is_there_on_the_day(loader: Keeper):
    """Ten times 0.10 is one yuan, which it is not for numbers with a binary point."""
    for n in range(10):
        assert funds(loader, "0.10", name=f"零星{n}") == 303
    assert funds(loader, "999,999,999,999.99", area=CLERKS) == 303
    assert (
        loader.post(
            PAGE,
            area=CLERKS,
            kind="equipment",
            name="对讲机",
            pieces="12",
            amount="8640",
            since="2026-01-01",
        ).status_code
        == 303
    )
    assert (
        loader.post(
            PAGE,
            area=CLERKS,
            kind="office",
            name="二楼办公室",
            floor_m2="1234567.50",
            since="2099-01-01",
        ).status_code
        == 303
    )
    page = loader.get(f"{PAGE}?on=2026-06-01").text
    assert ">1.00<" in row(page, f'data-sum="{TOWN}"')
    assert "1,000,000,008,639.99" in row(page, f'data-sum="{CLERKS}"')
    assert "1,000,000,008,640.99" in row(page, 'data-sum="all"')
    assert "12" in row(page, 'data-sum="all"') and "1,234,567.5 m²" in page and "not begun" in page
    later = row(loader.get(f"{PAGE}?on=2099-01-01").text, 'data-sum="all"')
    assert ">1,234,567.5<" in later and "without an amount: 1" in later
    (listed, summed) = openpyxl.load_workbook(
        io.BytesIO(loader.get(f"{PAGE}?as=xlsx&on=2026-06-01").data)
    )
    assert [cells[4] for cells in listed.values][1:11] == [0.1] * 10
    assert list(summed.values)[-1][4] == 1000000008640.99


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"amount": ""}, 422, "Funds have an amount in yuan."),
        ({"amount": "0"}, 422, "Funds have an amount in yuan."),
        ({"amount": "12.345"}, 422, "at most two decimals"),
        ({"amount": "-5"}, 422, "at most two decimals"),
        ({"amount": "NaN"}, 422, "at most two decimals"),
        ({"amount": "1e99"}, 422, "at most two decimals"),
        ({"amount": "a lot"}, 422, "at most two decimals"),
        ({"name": " "}, 422, "Say in at most 200 characters what it is."),
        ({"kind": "gold"}, 422, "There is no kind of means"),
        ({"kind": "equipment", "pieces": ""}, 422, "how many pieces"),
        ({"kind": "equipment", "pieces": "0"}, 422, "1 to 1000000 pieces"),
        ({"kind": "office", "floor_m2": "0"}, 422, "more than 0 m²"),
        ({"until": "2025-12-31"}, 422, "there is no day"),
        ({"since": "soon"}, 422, "must be a day"),
        ({"area": "1"}, 404, "There is no community"),
        ({"area": "999901"}, 404, "There is no community"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(
    loader: Keeper, form: dict[str, str], status: int, said: str
):
    values = {"area": TOWN, "kind": "funds", "name": "经费", "amount": "5", "since": "2026-01-01"}
    answer = loader.post(PAGE, **(values | form))
    assert (answer.status_code, said in answer.text) == (status, True), answer.text[-1500:]
    assert loader.scalar("SELECT count(*) FROM means") == 0


def test_a_form_that_is_sent_twice_is_noted_once(loader: Keeper):
    assert (funds(loader, "5"), funds(loader, "5")) == (303, 409)
    assert funds(loader, "6", since="2020-01-01", until="2025-12-31") == 303


def test_of_two_who_change_it_the_second_is_told_and_the_former_state_is_kept(loader: Keeper):
    funds(loader, "100.00")
    number = loader.scalar("SELECT id FROM means")
    page = loader.get(f"{PAGE}/{number}").text
    assert 'name="seen" value="1"' in page and 'value="100.00"' in page
    form = {
        "kind": "funds",
        "name": "工作经费",
        "amount": "120",
        "since": "2026-01-01",
        "seen": "1",
    }
    assert loader.post(f"{PAGE}/{number}", **form).status_code == 303
    second = loader.post(f"{PAGE}/{number}", **(form | {"amount": "90"}))
    assert second.status_code == 409 and "Somebody else has changed this meanwhile" in second.text
    assert str(loader.scalar("SELECT amount FROM means")) == "120.00"
    assert (
        loader.scalar("SELECT old ->> 'amount' FROM history WHERE table_name = 'means'") == "100.00"
    )
    other = loader.post(f"{PAGE}/{number}", **(form | {"kind": "office", "seen": "2"}))
    assert other.status_code == 422 and "The kind stays" in other.text


def test_an_end_needs_a_reason_and_one_of_its_days(loader: Keeper):
    funds(loader, "100.00")
    number = loader.scalar("SELECT id FROM means")
    for form, said in (
        ({"why": "  "}, "why it ends"),
        (
            {"why": "x", "last": "2025-12-31"},
            "2025-12-31 is none of its days: it is there from 2026-01-01 on.",
        ),
    ):
        answer = loader.post(f"{PAGE}/{number}/end", seen="1", **form)
        assert answer.status_code == 422 and said in answer.text
    assert (
        loader.post(f"{PAGE}/{number}/end", seen="1", why="项目结束", last="2026-02-01").status_code
        == 303
    )
    page = loader.get(f"{PAGE}?on=2026-03-01").text
    assert "工作经费" not in page and "Ended, and not shown: 1." in page
    ended = loader.get(f"{PAGE}?on=2026-03-01&ended=1").text
    assert "项目结束" in row(ended, f'data-means="{number}"') and "data-sum" not in ended
    assert 'data-sum="all"' in loader.get(f"{PAGE}?on=2026-02-01").text, "its last day still counts"
    assert loader.scalar(
        "SELECT array_agg(action || ' ' || account_name) FROM audit_entry WHERE subject = 'means'"
    ) == ["write loader", "write loader"]


def test_a_community_sees_its_own_and_keeps_none(loader: Keeper, made: dict[str, int]):
    funds(loader, "7", area=CLERKS, name="本社区经费")
    funds(loader, "8", area=OTHER, name="别社区经费")
    clerk = Keeper(loader.engine, made["clerk"])
    page = clerk.get(PAGE).text
    assert "本社区经费" in page and "别社区经费" not in page and 'id="new"' not in page
    assert clerk.post(PAGE, area=CLERKS, kind="funds", name="x", amount="1").status_code == 403
    number = loader.scalar("SELECT min(id) FROM means")
    assert clerk.get(f"{PAGE}/{number}").status_code == 403
    assert clerk.post(f"{PAGE}/{number}/end", why="x", seen="1").status_code == 403
    with acting(web_engine(loader.engine), made["clerk"]) as session:
        refused(session, "UPDATE means SET amount = 0")
    assert Keeper(loader.engine, made["reviewer"]).get(PAGE).text.count("data-means") in (0, 2)


def test_the_terminal_keeps_the_same(engine: Engine, made: dict[str, int]):
    said = run(
        engine,
        "means",
        "add",
        TOWN,
        "equipment",
        "--name",
        "电脑",
        "--pieces",
        "3",
        "--amount",
        "9000.30",
        "--commit",
    )
    with transaction(engine, read_only=True) as session:
        place = township(session, TOWN)
        (each,) = means.means(session, place.id)
        day = today(place)
    assert str(each.id) in said and each.entry.pieces == 3
    run(engine, "means", "change", str(each.id), "--pieces", "2")  # a dry run
    run(engine, "means", "change", str(each.id), "--amount", "9000.35", "--commit")
    assert "all: 9000.35 yuan, 3 pieces" in run(engine, "means", "list")
    run(
        engine, "means", "end", str(each.id), "--last", day.isoformat(), "--why", "报废", "--commit"
    )
    assert "all:" not in run(engine, "means", "list", "--on", (day + timedelta(1)).isoformat())
    with transaction(engine) as session:
        kept = session.execute(text("SELECT why_ended, upper(during) FROM means")).one()
    assert tuple(kept) == ("报废", day + timedelta(1)) and isinstance(day, date)
