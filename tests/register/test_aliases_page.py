"""The alias book in the browser: read by who sees registers, kept by the clerk of the ground."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import openpyxl
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.locate.addresses import alias_book
from tests.support.accounts import appointed
from tests.support.door import COMMUNITY, GRID, OTHER_GRID, one_known
from tests.support.office import Keeper
from tests.support.web import Town

PAGE = "/register/aliases"
OTHER_COMMUNITY = "999901001009"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return one_known


@pytest.fixture
def people(engine: Engine, made: Town) -> dict[str, Keeper]:
    with transaction(engine) as session:
        numbers = {
            "clerk": appointed(session, "community_clerk", COMMUNITY, name="clerk"),
            "other": appointed(session, "community_clerk", OTHER_COMMUNITY, name="other"),
            "worker": appointed(session, "grid_worker", grid=GRID, name="worker"),
            "government": appointed(session, "township_government", name="government"),
        }
    return {name: Keeper(engine, number) for name, number in numbers.items()}


def listed(page: str) -> list[str]:
    return re.findall(r"<td data-head=\"Alias\"><strong>([^<]+)</strong>", page)


def number_of(keeper: Keeper, words: str) -> int:
    return int(keeper.scalar("SELECT id FROM alias WHERE words = :w", w=words))


def test_the_clerk_adds_corrects_and_takes_out_on_their_own_ground(people: dict[str, Keeper]):
    clerk, worker = people["clerk"], people["worker"]
    code = clerk.scalar("SELECT code FROM house WHERE id = 1")
    lon, lat = (
        clerk.scalar(f"SELECT ST_{axis}(ST_Centroid(geom)) FROM grid WHERE code = :c", c=GRID)
        for axis in "XY"
    )
    assert clerk.post(PAGE, words="老供销社", house=code).status_code == 303
    assert clerk.post(PAGE, words="样本亭", lon=str(lon), lat=str(lat)).status_code == 303
    page = worker.get(PAGE).text
    assert listed(page) == ["老供销社", "样本亭"] and f"{lon:.6f}, {lat:.6f}" in page
    assert "Add an alias" not in page and "Correct it" not in page, "a worker reads"
    assert listed(worker.get(f"{PAGE}?q=样本").text) == ["样本亭"]
    assert listed(worker.get(f"{PAGE}?sort=-words").text) == ["样本亭", "老供销社"]
    # A wrong one is corrected, and taken back.
    first = number_of(clerk, "老供销社")
    third = clerk.scalar("SELECT code FROM house WHERE id = 3")
    assert clerk.post(PAGE, words="老粮站", house=third, number=str(first)).status_code == 303
    assert clerk.scalar("SELECT house_id FROM alias WHERE words = '老粮站'") == 3
    assert clerk.post(f"{PAGE}/{first}/end").status_code == 303
    assert listed(clerk.get(PAGE).text) == ["样本亭"]
    kept = "SELECT string_agg(action || ' ' || (old ->> 'words'), ', ' ORDER BY id) FROM history WHERE table_name = 'alias'"
    assert clerk.scalar(kept) == "update 老供销社, delete 老粮站"
    audited = "SELECT string_agg(action, ' ' ORDER BY id) FROM audit_entry WHERE subject = 'alias' AND account_name = 'clerk'"
    assert clerk.scalar(audited) == "add add correct end"
    assert clerk.post(f"{PAGE}/{first}/end").status_code == 404


def test_bad_lines_are_refused_in_words_and_what_was_typed_stays(people: dict[str, Keeper]):
    clerk = people["clerk"]
    code = clerk.scalar("SELECT code FROM house WHERE id = 1")
    assert clerk.post(PAGE, words="老供销社", house=code).status_code == 303
    for form, status, said in (
        ({"words": "别处"}, 422, "Say which house or spot"),
        ({"words": "别处", "house": code, "lon": "1", "lat": "2"}, 422, "either a house"),
        ({"words": "别处", "lon": "x", "lat": "2"}, 422, "is no longitude and latitude"),
        ({"words": "别处", "lon": "500", "lat": "2"}, 422, "is no longitude and latitude"),
        ({"words": "别处", "house": "没有这座房"}, 404, "No house has the code or the address"),
        ({"words": "……", "house": code}, 422, "letters among them"),
        ({"words": " 老供销社", "house": code}, 409, "stands in the book already"),
    ):
        answer = clerk.post(PAGE, **form)
        assert answer.status_code == status and said in answer.text, form
        assert f'value="{form["words"]}"' in answer.text, "typed"
    assert clerk.scalar("SELECT count(*) FROM alias") == 1


def test_nobody_keeps_the_book_of_other_ground(people: dict[str, Keeper]):
    clerk, other, worker = people["clerk"], people["other"], people["worker"]
    code = clerk.scalar("SELECT code FROM house WHERE id = 1")
    lon, lat = (
        clerk.scalar(f"SELECT ST_{axis}(ST_Centroid(geom)) FROM grid WHERE code = :c", c=OTHER_GRID)
        for axis in "XY"
    )
    assert clerk.post(PAGE, words="老供销社", house=code).status_code == 303
    number = number_of(clerk, "老供销社")
    assert clerk.post(PAGE, words="别处", lon=str(lon), lat=str(lat)).status_code == 403
    assert other.post(PAGE, words="别处", house=code).status_code == 403
    assert other.post(f"{PAGE}/{number}/end").status_code == 403
    moved = other.post(PAGE, words="老供销社", lon=str(lon), lat=str(lat), number=str(number))
    assert moved.status_code == 403, "neither taken over from the ground it lies on"
    assert worker.post(PAGE, words="别处", house=code).status_code == 403
    assert worker.post(f"{PAGE}/{number}/end").status_code == 403
    assert clerk.scalar("SELECT string_agg(words, ' ') FROM alias") == "老供销社"


def test_words_that_speak_of_somebody_are_read_and_kept_by_nobody_else(
    people: dict[str, Keeper], engine: Engine
):
    clerk, other, government = people["clerk"], people["other"], people["government"]
    with transaction(engine) as session:
        place = township(session)
        alias_book.keep(session, place.id, "测试金丝雀家", house_id=1)
    assert listed(other.get(PAGE).text) == []
    assert listed(clerk.get(PAGE).text) == ["测试金丝雀家"]
    book = openpyxl.load_workbook(io.BytesIO(government.get(f"{PAGE}?as=xlsx").data))
    assert [row[0] for row in book.worksheets[0].iter_rows(values_only=True)][1:] == [
        "测试金丝雀家"
    ]
    assert clerk.post(f"{PAGE}/{number_of(clerk, '测试金丝雀家')}/end").status_code == 303
    assert clerk.scalar("SELECT count(*) FROM history WHERE table_name = 'alias'") == 0
