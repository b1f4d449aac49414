"""Packs of the grids: all houses stand on them, masked for who may not open them, and printed they can be read."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from babel.support import NullTranslations
from click.testing import Result
from pypdf import PdfReader
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.core.errors import Invalid, NotAllowed, NotFound
from gisgrid.db.cluster import Cluster
from gisgrid.db.roles import WEB
from gisgrid.db.store import transaction
from gisgrid.paper import sheets
from gisgrid.paper.contents import Packs, packs
from gisgrid.paper.printing import print_packs
from gisgrid.paper.sheets import html, public_page, qr
from tests.support.accounts import acting, appointed, web_engine
from tests.support.database import own_database
from tests.support.terminal import gisgrid
from tests.support.web import fill_town

GRID, BESIDE = "999901001001001", "999901001002001"
NAME, PHONE, LEADS = "样本金丝雀", "19912345678", "19900000001"
HOUSES = 40


@pytest.fixture(scope="module")
def store(cluster: Cluster, template: str) -> Iterator[Engine]:
    """Nine grids with forty houses; one lies in no grid, somebody of house 1 lives alone, a leader has a telephone."""
    with own_database(cluster, template, "packs") as engine:
        with transaction(engine) as session:
            fill_town(session, columns=3, rows=3, houses=HOUSES, events=9)
            for statement in (
                f"UPDATE house_grid SET grid_id = (SELECT id FROM grid WHERE code = '{GRID}') WHERE house_id = 1",
                "DELETE FROM house_grid WHERE house_id = 2",
                f"UPDATE resident SET name = '{NAME}', phone = '{PHONE}', needs = '{{living_alone}}' WHERE id = "
                "(SELECT min(r.id) FROM resident r JOIN household f ON f.id = r.household_id WHERE f.house_id = 1)",
                f"UPDATE staff SET name = '样本长', phone = '{LEADS}'",
            ):
                session.execute(text(statement))
            appointed(session, "grid_worker", grid=GRID, name="worker")
            appointed(session, "community_clerk", "999901001001", name="clerk")
            appointed(session, "planner", name="planner")
            appointed(session, "sinking_force", grid=GRID, name="auxiliary")
        yield engine


def asked(
    store: Engine, who: str, *codes: str, purpose: str | None = None, most: int = 9999
) -> Packs:
    with transaction(store) as session:
        account = session.scalar(
            text("SELECT id FROM account WHERE name LIKE :n"), {"n": f"{who}%"}
        )
    with acting(web_engine(store), account, purpose) as session:
        place = plans.township(session)
        plan = plans.plan_in_force(session, place.id)
        return packs(session, place, plan, codes, purpose=purpose, most=most)


def everybody(found: Packs) -> list[str]:
    return [
        person.name for pack in found.grids for house in pack.houses for person in house.residents
    ]


def opened_rows(session: Session) -> int:
    return session.scalar(text("SELECT count(*) FROM audit_entry WHERE action = 'unmask'")) or 0


def test_the_houses_of_all_sheets_are_all_houses(store: Engine):
    found = asked(store, "township_government")
    listed = [house.code for pack in found.grids for house in pack.houses]
    astray = [house.code for house in found.astray]
    assert (len(found.grids), len(astray)) == (9, 1)
    assert sorted(listed + astray) == sorted(f"H{n}" for n in range(1, HOUSES + 1))
    assert found.houses == HOUSES
    with transaction(store) as session:
        people = session.scalar(text("SELECT count(*) FROM resident"))
    every = [house for pack in found.grids for house in pack.houses] + list(found.astray)
    assert sum(len(house.residents) for house in every) == people


def test_lists_go_along_a_street_by_number(store: Engine):
    for pack in asked(store, "township_government").grids:
        numbers = [
            tuple(int(n) for n in re.findall(r"\d+", house.address)) for house in pack.houses
        ]
        assert numbers == sorted(numbers)


def test_without_a_purpose_names_are_masked_and_needs_are_not_there(store: Engine):
    found = asked(store, "township_government")
    assert NAME not in everybody(found) and f"{NAME[0]}*" in "".join(everybody(found))
    assert not any(
        person.needs or person.phone
        for pack in found.grids
        for h in pack.houses
        for person in h.residents
    )
    assert not any(pack.phone for pack in found.grids)
    page = html(found, language="zh", site="https://grid.example")
    assert NAME not in page and PHONE not in page and LEADS not in page and "姓名已脱敏" in page


def test_for_a_purpose_they_are_open_and_the_audit_has_it(store: Engine):
    with transaction(store) as session:
        before = opened_rows(session)
    found = asked(store, "township_government", GRID, purpose="care")
    (pack,) = found.grids
    with transaction(store) as session:
        subjects = session.scalars(
            text("SELECT subject FROM audit_entry WHERE action = 'unmask' ORDER BY id DESC LIMIT 2")
        ).all()
        assert opened_rows(session) == before + 2
        assert sorted(subjects) == ["resident", "staff"]
    assert NAME in everybody(found) and pack.phone == LEADS
    page = html(found, language="zh", site="https://grid.example")
    assert "独居" in page and PHONE in page and "姓名已脱敏" not in page


def test_who_may_not_open_is_refused_and_each_prints_their_own_ground_alone(store: Engine):
    with pytest.raises(NotAllowed):
        asked(store, "auxiliary", purpose="care")
    with pytest.raises(NotFound):
        asked(store, "planner")
    (own,) = asked(store, "worker").grids
    assert own.code == GRID and own.houses
    with pytest.raises(NotAllowed):
        asked(store, "worker", BESIDE)
    with pytest.raises(NotFound):
        asked(store, "township_government", "999901001001999")
    with pytest.raises(Invalid, match="at most 3 are printed at once"):
        asked(store, "township_government", most=3)


def test_the_print_can_be_read_back_with_its_fonts_and_has_a_part_for_each_grid(store: Engine):
    found = asked(store, "township_government")
    printed = print_packs(found, language="zh", site="https://grid.example")
    assert set(printed.grids) == {*(pack.code for pack in found.grids), "astray"}
    whole = PdfReader(io.BytesIO(printed.whole))
    assert len(whole.pages) == printed.pages
    assert (
        sum(len(PdfReader(io.BytesIO(part)).pages) for part in printed.grids.values())
        == printed.pages
    )
    sizes = {
        tuple(sorted(round(float(edge) / 72 * 25.4) for edge in page.mediabox[2:]))
        for page in whole.pages
    }
    assert sizes == {(210, 297)}
    for pack in found.grids:
        part = PdfReader(io.BytesIO(printed.grids[pack.code]))
        said = "".join(page.extract_text() for page in part.pages).replace("\n", "")
        assert pack.card.name in said
        for house in pack.houses:
            assert said.count(house.address) >= 2, "on the round list and on that of an emergency"
        assert f"{pack.card.name}" in said and "您的网格长" in said
    for page in whole.pages:
        for font in page["/Resources"]["/Font"].values():
            kind = font.get_object()
            below = kind["/DescendantFonts"][0].get_object() if "/DescendantFonts" in kind else kind
            told = below["/FontDescriptor"].get_object() if "/FontDescriptor" in below else {}
            assert kind["/Subtype"] == "/Type3" or {"/FontFile2", "/FontFile3"} & set(told), (
                "embedded"
            )


def test_in_english_and_with_some_sheets_alone(store: Engine):
    found = asked(store, "worker")
    page = html(found, sheets=("door",), language="en", site="https://grid.example")
    assert "Your grid leader" in page and "样本长" in page and "Round list" not in page
    assert "https://grid.example/g/" + GRID in page
    bare = html(found, sheets=("door",), language="en", site="")
    assert 'class="qr"' not in bare and GRID in bare


def test_a_third_language_is_said_to_be_what_it_is_and_names_things_in_english(
    store: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sheets, "catalogue", lambda _: NullTranslations())
    found = asked(store, "worker")
    found = replace(found, place=replace(found.place, name="样本镇", name_en="Sample Town"))
    page = html(found, sheets=("door",), language="pt_BR", site="")
    assert '<html lang="pt-BR">' in page and "Sample Town" in page and "样本镇" not in page


def test_a_code_leads_to_the_public_page_and_is_dark_on_light():
    assert (
        public_page("https://grid.example/", "999901001", "a/1")
        == "https://grid.example/g/a%2F1?township=999901001"
    )
    picture = qr("https://grid.example/g/1")
    assert picture.count("M") > 100 and 'fill="#fff"' in picture


def test_the_command_writes_one_file_for_all_and_one_a_grid(store: Engine, tmp_path: Path):
    out = tmp_path / "paper"
    web = store.url.set(username=WEB).render_as_string()

    def paper(*who: str) -> Result:
        words = ("paper", "--out", str(out), "--grid", GRID, "--sheet", "round", "--language", "zh")
        return gisgrid(store, *who, *words, GISGRID_WEB_DATABASE_URL=web)

    done = paper("--as", "clerk")
    assert done.exit_code == 0, done.output
    assert sorted(file.name for file in out.iterdir()) == [f"{GRID}.pdf", "all.pdf"]
    assert "1 grids," in done.output
    with transaction(store) as session:
        last = session.execute(
            text("SELECT action, subject FROM audit_entry ORDER BY id DESC LIMIT 1")
        ).one()
    assert last.action == "export" and last.subject.startswith("paper: ")
    nobody, worker = paper(), paper("--as", "worker")
    assert nobody.exit_code == 2 and "--as" in nobody.output
    assert worker.exit_code == 2 and "export" in worker.output
