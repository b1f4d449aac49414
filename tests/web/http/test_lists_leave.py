"""Every list leaves as a workbook of all its rows, for who holds `export` on the ground that it shows."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.people.appointments import appoint
from tests.support.accounts import LONG_AGO, appointed
from tests.support.database import own_database
from tests.support.list_routes import LISTS
from tests.support.lists import COMMUNITY, DAYS, GRID, IN_DAYS, fill_lists
from tests.support.three_towns import TOWNS, Towns, three_towns
from tests.support.web import ROOT, app_over

NOW = "(SELECT id FROM plan WHERE state = 'published')"


@pytest.fixture(scope="module")
def store(cluster: Cluster, town_template: str) -> Iterator[Engine]:
    """Town F with something in every list, and roles that may take away all that they see."""
    with own_database(cluster, town_template, "lists") as engine:
        with transaction(engine) as session:
            fill_lists(session)
        yield engine


def client(store: Engine, name: str) -> FlaskClient:
    with transaction(store) as session:
        number = session.scalar(text("SELECT id FROM account WHERE name = :n"), {"n": name})
    who = app_over(store, account=number).test_client()
    who.set_cookie("language", "en")
    return who


def taken(who: FlaskClient, path: str) -> list[tuple[Any, ...]]:
    """The rows of the list's sheet, the headings first."""
    answer = who.get(f"{path}{'&' if '?' in path else '?'}as=xlsx")
    assert answer.status_code == 200, (path, answer.text[:500])
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "private, no-store"
    return list(openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0].values)


ROWS = {
    "accounts.index": (
        "/office/accounts",
        "SELECT count(*) FROM account k JOIN appointment p ON p.account_id = k.id",
    ),
    "audit.index": ("/office/audit", "SELECT count(*) FROM audit_entry WHERE account_id IS NOT NULL"),
    "backups.index": ("/office/backups", "SELECT count(*) FROM backup"),
    "editor.index": ("/plan/", "SELECT count(*) FROM plan WHERE state <> 'published'"),
    # They are no member of the staff and lead no grid: nothing waits for them.
    "cases.mine": ("/cases/mine", "SELECT 0"),
    "retention.index": ("/office/retention", "SELECT count(*) FROM retention_run"),
    "subjects.index": (
        "/office/subjects",
        "SELECT count(*) FROM subject_request WHERE state NOT IN ('answered', 'refused')",
    ),
    "corrections.index": (
        "/office/corrections",
        "SELECT count(*) FROM correction_request WHERE state = 'open'",
    ),
    "register.grid": (
        f"/register/grid/{GRID}",
        f"SELECT count(*) FROM house_grid a JOIN grid g ON g.id = a.grid_id WHERE g.code = '{GRID}' "
        f"AND a.plan_id = {NOW}",
    ),
    "paper.show": ("/paper", "SELECT count(*) FROM house"),
    "register.grids": ("/register", f"SELECT count(*) FROM grid WHERE plan_id = {NOW}"),
    "dispatch.show": ("/dispatch?state=all", "SELECT count(*) FROM event_case"),
    "shortage.show": (
        "/shortage",
        # Nobody but one leader was ever trained.
        f"SELECT count(*) FROM grid WHERE plan_id = {NOW} AND code NOT IN (SELECT grid_code FROM team_member m "
        "JOIN training_attendee a ON a.staff_id = m.staff_id)",
    ),
    "due.unverified": (
        "/stale",
        "SELECT (SELECT count(*) FROM household WHERE (verified_on < current_date - 90) IS NOT FALSE) "
        "+ (SELECT count(*) FROM resident WHERE (verified_on < current_date - 90) IS NOT FALSE)",
    ),
    "documents.readers": ("/document-readers/D1", "SELECT count(DISTINCT staff_id) FROM team_member WHERE during @> current_date"),
    "due.to_visit": (
        "/visits",
        "SELECT count(DISTINCT house_id) FROM household f WHERE NOT EXISTS (SELECT FROM household o "
        "WHERE o.house_id = f.house_id AND o.verified_on >= current_date - 90)",
    ),
    "trainings.hours": ("/training", "SELECT count(DISTINCT staff_id) FROM team_member WHERE during @> current_date"),
    "figures.rows": (
        f"/figures/rows?{DAYS}",
        f"SELECT count(*) FROM event_case c JOIN event e ON e.id = c.event_id WHERE {IN_DAYS}",
    ),
    "figures.show": (
        f"/figures?{DAYS}&unit=grid",
        "SELECT count(DISTINCT coalesce(a.grid_id, 0)) FROM event_case c JOIN event e ON e.id = c.event_id "
        f"LEFT JOIN event_grid a ON a.event_id = e.id AND a.plan_id = {NOW} WHERE {IN_DAYS}",
    ),
    "imports.index": ("/office/import", "SELECT count(*) FROM import_run"),
    "issuing.index": ("/office/documents", "SELECT count(*) FROM document"),
    "jobs.index": (
        "/office/jobs",
        "SELECT (SELECT count(*) FROM job) + (SELECT count(*) FROM study) + (SELECT count(*) FROM file_import)",
    ),
    "open_problems.show": ("/open-problems", "SELECT count(*) FROM open_problem"),
    "matters.book": ("/matters", "SELECT count(*) FROM matter WHERE parent_id IS NOT NULL"),
    "figures.burden": (
        f"/figures/burden?{DAYS}",
        "SELECT count(*) + 1 FROM area WHERE level = 'community'",  # and what named none
    ),
    "figures.register": (
        "/figures/register",
        f"SELECT (SELECT count(*) FROM grid WHERE plan_id = {NOW}) + (SELECT count(DISTINCT coalesce(h.community_id, 0)) "
        f"FROM house h LEFT JOIN house_grid a ON a.house_id = h.id AND a.plan_id = {NOW} WHERE a.grid_id IS NULL)",
    ),
    "matters.duties": ("/matters/duties", "SELECT count(*) FROM matter WHERE parent_id IS NOT NULL"),
    "figures.burden_rows": (f"/figures/burden/rows?{DAYS}&kind=refused", "SELECT count(*) FROM refused_demand"),
    "aliases.index": ("/register/aliases", "SELECT count(*) FROM alias"),
    "register.changes": (
        "/register/changes",
        "SELECT count(*) FROM register_entry WHERE state = 'waiting'",
    ),
    "teams.index": (
        "/office/teams",
        "SELECT count(*) FROM team_member WHERE coalesce(upper(during), 'infinity') > current_date",
    ),
    "channels.show": ("/office/channels", "SELECT count(*) FROM (SELECT DISTINCT m.kind, d.channel, d.state FROM outbox_delivery d JOIN outbox_message m ON m.id = d.message_id) AS each"),
    "collecting.task": ("/collecting/1", f"SELECT count(*) FROM house_grid a JOIN grid g ON g.id = a.grid_id WHERE g.code = '{GRID}' AND a.plan_id = {NOW}"),
    "collections.given": ("/office/collections/1/answers", "SELECT count(*) FROM collection_answer"),
    "collections.index": ("/office/collections", "SELECT count(*) FROM collection_task"),
    "collections.one": ("/office/collections/1", "SELECT 1"),
    "completeness.grid": (
        f"/completeness/grid/{GRID}",
        f"SELECT count(*) FROM house_grid a JOIN grid g ON g.id = a.grid_id LEFT JOIN household f ON f.house_id = a.house_id "
        f"WHERE g.code = '{GRID}' AND a.plan_id = {NOW}",
    ),
    "completeness.show": ("/completeness", f"SELECT count(DISTINCT coalesce(grid_id, 0)) FROM house_grid WHERE plan_id = {NOW}"),
    "completeness.without": ("/completeness/without", "SELECT count(*) FROM house WHERE id NOT IN (SELECT house_id FROM household)"),
    "means.index": ("/office/means", "SELECT count(*) FROM means"),
    "supplements.index": ("/matters/supplements", "SELECT count(*) FROM matter_supplement"),
    "township.show": ("/office/township", "SELECT count(*) FROM setting_change"),
    "trainings.one": ("/office/training/of/T1", "SELECT count(DISTINCT staff_id) FROM team_member WHERE during @> date '2023-01-05'"),
    "trainings.index": ("/office/training", "SELECT count(*) FROM training"),
    "trainings.profiles": (
        "/office/training/profiles",
        "SELECT count(DISTINCT staff_id) FROM team_member WHERE during @> current_date",
    ),
}  # fmt: skip
"""Each list's address, and how many rows it has, counted by another road."""


def test_every_list_has_its_address_here():
    assert set(ROWS) == set(LISTS)


@pytest.mark.parametrize("name", LISTS)
def test_all_rows_of_a_list_leave_and_the_audit_says_who_took_them(store: Engine, name: str):
    path, counted = ROWS[name]
    who = client(store, "government")
    with transaction(store) as session:
        wanted = session.scalar(text(counted))
        before = session.scalar(text("SELECT coalesce(max(id), 0) FROM audit_entry"))
    heads, *rows = taken(who, path)
    assert all(isinstance(head, str) and head for head in heads)
    assert len(rows) == wanted
    with transaction(store) as session:
        written = session.execute(
            text("SELECT account_name, action, subject FROM audit_entry WHERE id > :n"),
            {"n": before},
        ).all()
    assert [tuple(row) for row in written] == [("government", "export", f"{name}: {wanted} rows")]
    page = who.get(path).text
    # That the audit was taken is its newest entry.
    there = wanted > 0 or name == "audit.index"
    assert ("Download (XLSX)" in page) == there, "the page leads there"


TURNED = {
    f"/stale?grid={GRID}": ("web.register.due.PORTION", r'data-head="Record">\s*\w+ ([^<\s]+)'),
    f"/visits?grid={GRID}": ("web.register.due.PORTION", r'<td data-head="Address"><a class="row" href="[^"]+">([^<]+)<'),
    f"/figures/rows?{DAYS}": ("web.figures.views.MOST_ROWS", r'class="soft">[^<]* · ([^<]+)</span>'),
    "/office/jobs": ("web.office.jobs.PORTION", r'data-job="([^"]+)"'),
}  # fmt: skip
"""Lists that are longer than a page: where its length stands, and what a row is known by."""


@pytest.mark.parametrize("path", TURNED)
def test_the_pages_of_a_list_hold_each_row_once(
    store: Engine, monkeypatch: pytest.MonkeyPatch, path: str
):
    portion, row = TURNED[path]
    who = client(store, "government")
    whole = len(taken(who, path)) - 1
    size = max(whole // 3, 1)
    monkeypatch.setattr(portion, size)
    seen, address = list[str](), path
    for _ in range(10):
        page = who.get(address).text
        there = re.findall(row, page)
        assert 0 < len(there) <= size
        seen += there
        after = re.search(r'href="([^"]+)" rel="next"', page)
        assert ('rel="prev"' in page) == (address != path)
        if after is None:
            break
        address = html.unescape(after[1])
    assert len(seen) == whole and len(set(seen)) == whole, "none twice, none left out"
    past = who.get(f"{path}{'&' if '?' in path else '?'}page=99")
    assert past.status_code == 200 and not re.findall(row, past.text)
    assert who.get(f"{path}{'&' if '?' in path else '?'}page=x").status_code == 422


TABLES = {
    "account.html": "posts and tokens of one account, a few",
    "accounts-several.html": "what was pasted, tried row by row; the file is the asker's own",
    "accounts.html": "accounts.index",
    "audit.html": "audit.index",
    "backups.html": "backups.index",
    "burden.html": "figures.burden",
    "calendar.html": "the days of one year, which the terminal writes",
    "channels.html": "channels.show",
    "collecting-task.html": "collecting.task",
    "collection-answers.html": "collections.given",
    "collection.html": "collections.one",
    "collections.html": "collections.index",
    "completeness-grid.html": "completeness.grid",
    "completeness.html": "completeness.show",
    "without-register.html": "completeness.without",
    "components.html": "shows the components",
    "corrections.html": "corrections.index",
    "editor_compare.html": "leaves as a hand-over and as files of the plan",
    "editor_list.html": "editor.index",
    "editor_report.html": "is a report, and leaves as a PDF",
    "emergency.html": "duties of one emergency, for the wall",
    "figures.html": "figures.show",
    "handover-team.html": "leaves as the workbook of the hand-over",
    "import-parts.html": "columns and findings of one file; its refused rows leave as a workbook",
    "imports.html": "imports.index",
    "issued.html": "versions of one document",
    "issuing-ui.html": "drafts of documents, which stand beside the list of documents",
    "issuing.html": "issuing.index",
    "jobs.html": "jobs.index",
    "matter-draft.html": "a form of the draft, whose list leaves once it is published",
    "matter-duties-edit.html": "a form of the draft; the matrix leaves",
    "matter-duties.html": "matters.duties",
    "matter-lists.html": "versions and temporary items, each of which leaves as its rule book",
    "matters-compare.html": "two versions side by side, each of which leaves as its rule book",
    "matters.html": "matters.book",
    "means.html": "means.index",
    "profiles.html": "trainings.profiles",
    "readers.html": "documents.readers",
    "burden-refused.html": "figures.burden_rows",
    "aliases.html": "aliases.index",
    "register-changes.html": "register.changes",
    "register-figures.html": "figures.register",
    "register-grid.html": "register.grid",
    "registers.html": "register.grids",
    "retention-run.html": "numbers of one run, which are its proof",
    "retention-ui.html": "numbers of one run, which are its proof",
    "retention.html": "retention.index",
    "shortage.html": "shortage.show",
    "stale.html": "due.unverified",
    "subjects.html": "subjects.index",
    "supplements.html": "supplements.index",
    "team.html": "one team, a line of the list of teams",
    "teams.html": "teams.index",
    "today.html": "three numbers of two months",
    "township.html": "township.show",
    "training.html": "trainings.hours",
    "trainings.html": "trainings.index",
    "ui.html": "the numbers of a chart",
    "visits.html": "due.to_visit",
    "weights.html": "versions of weights, and grids of a trial",
}
"""Each template with a table: the list that leaves from it, or why none does."""
NO_TABLE = {
    "cases.mine": "cases-mine.html", "dispatch.show": "dispatch.html", "figures.rows": "figures-rows.html",
    "open_problems.show": "open-problems.html", "paper.show": "paper.html", "trainings.one": "training-session.html",
}  # fmt: skip
"""Lists that are no table, and their template."""


def test_each_table_of_a_page_leaves_or_says_why_not():
    found = {
        path.name: path.read_text(encoding="utf-8")
        for path in (ROOT / "web").rglob("templates/*.html")
    }
    assert {name for name, page in found.items() if "<table" in page} == set(TABLES)
    leaving = {name: name_of for name_of, name in NO_TABLE.items()}
    leaving |= {name: said for name, said in TABLES.items() if " " not in said}
    assert set(leaving.values()) == set(LISTS)
    assert [name for name in leaving if "ui.leaves()" not in found[name]] == []
    # What may be long is filtered and turned over: by the page, or by the store.
    ways = ("data-filter=", "ui.turning(", "&page=", "page=number")
    short = {
        "matters.html", "matter-duties.html", "burden.html", "figures.html", "channels.html", "training-session.html",
        "dispatch.html", "paper.html",
    }  # fmt: skip
    assert {n for n in leaving if not any(way in found[n] for way in ways)} <= short


def test_the_link_keeps_the_filter_and_not_the_page(store: Engine):
    who = client(store, "government")
    page = who.get(f"/figures?{DAYS}&unit=grid&page=2&lang=en").text
    link = page.partition('class="leaves"><a class="button" href="')[2].partition('"')[0]
    assert "unit=grid" in link and "since=2022-09-01" in link and "as=xlsx" in link
    assert "page=" not in link
    assert who.get(link.replace("&amp;", "&")).mimetype.endswith("sheet")


@pytest.mark.parametrize("name", LISTS)
def test_without_the_right_to_export_a_list_does_not_leave(store: Engine, name: str):
    path, _ = ROWS[name]
    with transaction(store) as session:
        session.execute(
            text(
                "DELETE FROM role_right WHERE (role, right_name) = ('township_government', 'export')"
            )
        )
    try:
        who = client(store, "government")
        page = who.get(path)
        assert page.status_code == 200 and "Download (XLSX)" not in page.text
        refused = who.get(f"{path}{'&' if '?' in path else '?'}as=xlsx")
        assert refused.status_code == 403 and "export" in refused.text
        assert "Content-Disposition" not in refused.headers
    finally:
        with transaction(store) as session:
            session.execute(text("INSERT INTO role_right VALUES ('township_government', 'export')"))


def test_the_right_counts_only_on_the_ground_where_it_holds(store: Engine):
    """A clerk of one community who works in a grid of another takes the one away and not the other."""
    with transaction(store) as session:
        appointed(session, "community_clerk", "999901001201", name="clerk.two")
        grid = session.scalar(
            text(
                "SELECT min(g.code) FROM grid g JOIN area a ON a.id = g.community_id WHERE a.code = :c"
            ),
            {"c": COMMUNITY},
        )
    who = client(store, "clerk.two")
    assert len(taken(who, "/register")) > 1
    with transaction(store) as session:
        appoint(session, "clerk.two", "grid_worker", area="999901001", grid=grid, since=LONG_AGO)
    refused = client(store, "clerk.two").get("/register?as=xlsx")
    assert refused.status_code == 403 and "only what lies where you hold it" in refused.text


def test_cells_are_what_they_are_and_no_formula_runs(store: Engine):
    who = client(store, "government")
    answer = who.get("/open-problems?as=xlsx")
    (head, first, second) = openpyxl.load_workbook(io.BytesIO(answer.data)).active.iter_rows()
    assert [cell.value for cell in head][:2] == ["Number of the problem", "Problem"]
    assert [cell.data_type for cell in second[:2]] == ["s", "s"]
    assert second[1].value.startswith("=HYPERLINK")
    assert first[4].value == datetime(2023, 1, 1) and first[4].is_date  # noqa: DTZ001 - a cell has no zone
    assert isinstance(first[6].value, int)
    codes = [row[0] for row in taken(who, "/register")[1:]]
    assert GRID in codes and all(isinstance(code, str) for code in codes)


def test_a_list_leaves_as_masked_as_its_page_is(store: Engine):
    clerk = client(store, "clerk")
    (said,) = (row[5] for row in taken(clerk, "/register/changes")[1:])
    assert "试某某" not in said and "*" in said


def test_a_list_too_long_for_a_workbook_is_refused_and_not_cut_off(
    store: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("web.http.lists.MOST_ROWS", 20)
    refused = client(store, "government").get("/stale?as=xlsx")
    assert refused.status_code == 422 and "more than 20 rows" in refused.text


@pytest.fixture(scope="module")
def towns(cluster: Cluster, template: str) -> Iterator[Towns]:
    with three_towns(cluster, template) as towns:
        yield towns


@pytest.mark.parametrize("role", ["township_government", "community_clerk", "planner"])
def test_each_of_three_townships_takes_its_own_rows_alone(towns: Towns, role: str):
    addresses = {name: path.partition("?")[0] for name, (path, _) in ROWS.items()}
    addresses |= {"register.grid": "/register/grid/g1", "figures.rows": "/figures/rows?unit=grid&key=g1&measure=received"}  # fmt: skip
    addresses["figures.burden_rows"] = "/figures/burden/rows?kind=sent"
    heard = 0
    for code in TOWNS:
        town, who = towns.towns[code], towns.client(role, code)
        foreign = [t.mark for t in towns.towns.values() if t.code != code]
        foreign += [other for other in TOWNS if other != code]
        for path in addresses.values():
            answer = who.get(f"{path}{'&' if '?' in path else '?'}as=xlsx")
            if answer.status_code != 200:
                assert answer.status_code in (403, 404), path
                continue
            book = openpyxl.load_workbook(io.BytesIO(answer.data))
            said = str([list(sheet.values) for sheet in book])
            assert not [word for word in foreign if word in said], path
            heard += town.mark in said or town.code in said
    assert heard >= len(TOWNS), "what is one's own does leave"
