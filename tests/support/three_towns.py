"""Three townships of one name in two counties, side by side, with the same names and codes in each.

Only a mark tells them apart: it stands in what is each one's own (leaders, residents, events, documents …).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.calendars import read_calendar
from gisgrid.cases.cases import SYSTEM, CaseActor, Details, Owner, open_case, take_step
from gisgrid.cases.clocks import keep_calendar
from gisgrid.core.roles import ROLES
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.people.learning.documents import issue
from gisgrid.people.learning.drafts import send
from gisgrid.planning.attach.attach import attach_dated
from tests.support.accounts import appointed
from tests.support.database import own_database
from tests.support.town_files import DATA
from tests.support.web import app_over, session_cookie

MARKS = {"999901001": "鱻", "999901002": "麤", "999902001": "龘"}
"""Code of each township to its mark; the last lies in another county."""
TOWNS = tuple(MARKS)
GRIDS = ("g1", "g2")
ADDRESS = "同名路1号"
AREA_ROLES = {
    "township": (
        "township_government", "dispatcher", "planner", "coordinator", "auditor", "administrator",
    ),
    "community": ("section_cadre", "community_clerk"),
    "grid": ("grid_leader", "grid_worker", "sinking_force", "social_force", "resident"),
}  # fmt: skip


@dataclass(frozen=True)
class Town:
    """Row numbers of what a township has."""

    code: str
    id: int
    community: str
    plan_id: int
    house_id: int
    household_id: int
    event_id: int
    case_id: int
    spot: tuple[float, float]
    """Of its house, in grid g1 (EPSG:4326)."""
    draft_id: int
    """Of a document that its community is asked about."""
    run_id: int
    """Of retention."""
    means_id: int
    """Of funds of its community."""
    collection_id: int
    """Of a task about its house."""

    @property
    def mark(self) -> str:
        return MARKS[self.code]


@dataclass(frozen=True)
class Towns:
    store: Engine
    app: Flask
    towns: dict[str, Town]
    cookies: dict[tuple[str, str], str]
    """By role and township; a reviewer's is that of the county."""

    def client(self, role: str = "", code: str = "") -> FlaskClient:
        """Somebody in a role there; without one, the public."""
        client = self.app.test_client()
        if role:
            key, _, value = self.cookies[role, code].partition("=")
            client.set_cookie(key, value)
        return client


@contextlib.contextmanager
def three_towns(cluster: Cluster, template: str) -> Iterator[Towns]:
    with own_database(cluster, template, "three_towns") as engine:
        with transaction(engine) as session:
            towns = {code: build(session, n, code) for n, code in enumerate(TOWNS)}
            accounts = {
                (role, town.code): seat(session, role, level, town)
                for town in towns.values()
                for level, roles in AREA_ROLES.items()
                for role in roles
            }
            for code in TOWNS:
                accounts["county_reviewer", code] = appointed(
                    session, "county_reviewer", code[:6], name=f"reviewer-{code}"
                )
        app = app_over(engine)
        cookies = {key: session_cookie(app, engine, number) for key, number in accounts.items()}
        assert {role for role, _ in cookies} == set(ROLES)
        yield Towns(engine, app, towns, cookies)


def seat(session: Session, role: str, level: str, town: Town) -> int:
    area = town.community if level == "community" else town.code
    grid = "g1" if level == "grid" else None
    return appointed(session, role, area, grid=grid, name=f"{role}-{town.code}")


def build(session: Session, n: int, code: str) -> Town:
    values = {"code": code, "county": code[:6], "m": MARKS[code], "x": 120.9 + 0.02 * n, "y": 40.7}
    for statement in _TOWN.split(";\n"):
        session.execute(text(statement), values)
    row = session.execute(text(_ROWS), {"code": code}).one()
    keep_calendar(session, row.id, read_calendar(DATA / "calendar/calendar.csv"))
    attach_dated(session, row.id, "house")
    attach_dated(session, row.id, "event")
    index_addresses(session, row.id)
    issue(session, row.id, "D1", file_name="a.txt", content=f"文{MARKS[code]}".encode(),
          title=f"文件{MARKS[code]}", day=row.today, who="测试")  # fmt: skip
    draft_id = send(
        session, row.id, "D2", title=f"征求{MARKS[code]}", file_name="b.txt", day=row.today, who="测试",
        content=f"稿{MARKS[code]}".encode(), answer_by=row.today,
    )  # fmt: skip
    session.execute(text(_ASKED), {"t": row.id, "m": MARKS[code]})
    run_id = session.scalar(text(_RAN), {"t": row.id, "m": MARKS[code]}) or 0
    case = open_case(session, row.event_id, SYSTEM)
    for step in ("file", "dispatch"):
        to = Owner(grid_code="g1", level="grid")
        details = Details(to=to) if step == "dispatch" else Details()
        case = take_step(
            session, case.id, step, CaseActor("dispatcher", ("dispatcher",)), details=details
        )
    return Town(
        code, row.id, row.community, row.plan_id, row.house_id, row.household_id, row.event_id, case.id,
        (row.lon, row.lat), draft_id, run_id, row.means_id, row.collection_id,
    )  # fmt: skip


_ASKED = """
INSERT INTO subject_request (township_id, resident_id, noted_by, due_on)
SELECT :t, min(id), '测试' || :m, '2099-01-01' FROM resident WHERE township_id = :t
"""
_RAN = """
INSERT INTO retention_run (township_id, as_of, who, report) VALUES (:t, '2023-05-01', '测试' || :m,
    '{"lines": [], "positions": {"positions": 0, "totals": 0, "first_kept": "2023-04-17"}, "history_deleted": 0,
      "values": 0, "searched": [], "left": 0, "backups": [], "kept_databases": []}') RETURNING id
"""


OF_NOBODYS_TOWN = {
    **dict.fromkeys(
        ("accounts.index", "accounts.new", "accounts.one", "accounts.several"),
        "lists accounts of all ground that one administers; the form of several asks for the township",
    ),
    "backups.index": "of the whole store; in test_backups_page",
    "audit.index": "lists entries of all accounts that one audits; in test_audit_page",
    "api-docs.openapi_json": "the document of the API",
    "home.my_grid": "leads on to the grid of whoever has one, with its township",
    "imports.index": "lists loads wherever one may load, with their townships; in test_file_imports_ways.py",
    **dict.fromkeys(
        ("imports.one", "imports.refused", "imports.state"), "a file is of whoever sent it alone"
    ),
    "shell.components": "shows how pages are set",
    "lookup.worker": "a script",
    "phone.grid": "what one phone keeps",
    "practice.ask": "invented houses",
    "practice.show": "invented houses",
    "phone.session_now": "the account",
    "phone.waiting": "what one phone keeps",
    "phone.worker": "a script",
    "open311.definition": "says in which jurisdiction; see test_open311_towns",
    "open311.discovery": "of the server",
    "open311.one_request": "as open311.definition",
    "open311.requests": "as open311.definition",
    "open311.services": "as open311.definition",
    "open311.token": "a ticket names its case",
    "report.followed": "a ticket names its case",
    "security.change_password": "the account",
    "security.login": "the account",
    "security.tf_select": "nobody's",
    "security.two_factor_rescue": "nobody's",
    "security.two_factor_setup": "the account",
    "security.two_factor_token_validation": "the account",
    "security.static": "nobody's",
    "static": "files",
    "towns.choose": "asks for one",
    "v1.health": "of the server",
    "v1.townships": "lists them all",
}
"""Ways by GET that speak of no township, and why."""


def of_a_town(town: Town) -> dict[str, str]:
    """Addresses that do not name the township: who asks, or what is asked about, decides."""
    return {
        "editor.index": "/plan/",
        "cases.mine": "/cases/mine",
        "register.grid": "/register/grid/g1",
        "register.handover": "/register/grid/g1/handover",
        "register.ask_house": "/register/grid/g1/new-house",
        "figures.register": "/figures/register",
        "home.me": "/me",
        "dispatch.emergency": "/dispatch/emergency",
        "dispatch.show": "/dispatch",
        "dispatch.stream": "/dispatch/stream",
        "documents.all_documents": "/documents",
        "documents.all_drafts": "/drafts",
        "documents.file": "/document-files/D1",
        "documents.one": "/documents/D1",
        "shortage.show": "/shortage",
        "due.unverified": "/stale",
        "documents.readers": "/document-readers/D1",
        "register.grids": "/register",
        "due.to_visit": "/visits",
        "trainings.hours": "/training",
        "shell.find": "/find?q=同名",
        "today.show": "/",
        "figures.rows": "/figures/rows?unit=grid&key=g1&measure=received",
        "figures.show": "/figures",
        "open_problems.one": "/open-problems/L1",
        "open_problems.show": "/open-problems",
        "lookup.index": "/lookup/index.bin",
        "lookup.show": "/lookup",
        "maps.show": "/map",
        "matter_items.duties": "/matters/versions/draft/duties",
        "matter_items.show": "/matters/versions/draft/item?code=01",
        "matter_lists.draft": "/matters/versions/draft",
        "matter_lists.index": "/matters/versions",
        "supplements.index": "/matters/supplements",
        "matters.duties": "/matters/duties",
        "matters.book": "/matters",
        "figures.burden": "/figures/burden",
        "matters.compare": "/matters/compare",
        "figures.burden_rows": "/figures/burden/rows?kind=sent",
        "messages.settings": "/messages/settings",
        "messages.show": "/messages",
        "messages.stream": "/messages/stream",
        "messages.unread": "/messages/unread.json",
        "notices.show": "/notices",
        "phone.data": "/phone/grid.json",
        "aliases.index": "/register/aliases",
        "register.changes": "/register/changes",
        "grid_page.show": "/g/g1",
        "paper.show": "/paper",
        "report.near": "/report/near",
        "report.show": "/report",
        "calendar.show": "/office/township/calendar",
        "township.show": "/office/township",
        "channels.show": "/office/channels",
        "weights.show": "/office/township/weights",
        "corrections.index": "/office/corrections",
        "retention.index": "/office/retention",
        "subjects.index": "/office/subjects",
        "issuing.index": "/office/documents",
        "issuing.one": "/office/documents/D1",
        "jobs.index": "/office/jobs",
        "teams.index": "/office/teams",
        "teams.one": "/office/teams/g1",
        "means.index": "/office/means",
        "means.one": f"/office/means/{town.means_id}",
        "collecting.mine": "/collecting",
        "collections.index": "/office/collections",
        "completeness.grid": "/completeness/grid/g1",
        "completeness.show": "/completeness",
        "completeness.without": "/completeness/without",
        "trainings.index": "/office/training",
        "trainings.one": "/office/training/of/T1",
        "trainings.profile": "/office/training/profiles/S1",
        "trainings.profiles": "/office/training/profiles",
        "telephone.new": "/dispatch/new",
        "v1.all_plans": "/api/v1/plans",
        "v1.cases": "/api/v1/cases",
        "v1.case_tabs": "/api/v1/cases/tabs",
        "v1.counts": "/api/v1/summary",
        "v1.grid": "/api/v1/grids/g1",
        "v1.leader": "/api/v1/grids/g1/leader?purpose=contact",
        "v1.locate": f"/api/v1/locate?lon={town.spot[0]}&lat={town.spot[1]}",
        "v1.search": "/api/v1/search?q=同名",
    }


def by_number(town: Town) -> dict[str, str]:
    """Addresses that name what is a township's by its number."""
    plan, case = f"/plan/{town.plan_id}", f"/cases/{town.case_id}"
    task = f"/office/collections/{town.collection_id}"
    return {
        "editor.compare": f"{plan}/compare",
        "editor.export": f"{plan}/grids.geojson",
        "editor.handover": f"{plan}/handover.xlsx",
        "editor.job": f"{plan}/job.json",
        "editor.report": f"{plan}/report.html",
        "editor.show": plan,
        "editor.view": f"{plan}/view.json",
        "collecting.ask": f"/collecting/{town.collection_id}/house/{town.house_id}",
        "collecting.photo": "/collecting/photos/1.jpg",
        "collecting.task": f"/collecting/{town.collection_id}",
        "collections.form_out": f"{task}/form.xlsx",
        "collections.given": f"{task}/answers",
        "collections.one": task,
        "cases.photo": f"{case}/photos/1.jpg",
        "cases.show": case,
        "asked.one": "/corrections/1",
        "register.entry": "/register/entries/1",
        "register.house": f"/register/house/{town.house_id}",
        "documents.draft": f"/drafts/{town.draft_id}",
        "documents.draft_file": f"/draft-files/{town.draft_id}",
        "issuing.draft": f"/office/drafts/{town.draft_id}",
        "issuing.draft_file": f"/office/drafts/{town.draft_id}/file",
        "retention.one": f"/office/retention/{town.run_id}",
        "register.ask": f"/register/house/{town.house_id}/enter/visit",
        "register.photo": "/register/photos/1.jpg",
        "register.wrong": f"/register/house/{town.house_id}/correction?household={town.household_id}",
        "maps.features": f"/layers/grids/{town.plan_id}-x.geojson",
        "maps.tile": f"/tiles/houses/{town.plan_id}-x/10/855/385.mvt",
        "planning.body": f"/planning/{town.plan_id}/coverage/2026-01-01-x.json",
        "planning.standing": f"/planning/{town.plan_id}/coverage",
        "report.thumbnail": "/report/photos/1",
        "v1.event": f"/api/v1/plans/{town.plan_id}/events/{town.event_id}",
        "v1.grids": f"/api/v1/plans/{town.plan_id}/grids",
        "v1.house": f"/api/v1/plans/{town.plan_id}/houses/{town.house_id}",
    }


def in_town(path: str, code: str) -> str:
    """The address with its township named."""
    return f"{path}{'&' if '?' in path else '?'}township={code}"


_TOWN = """
INSERT INTO area (code, level, name, name_en, geom)
SELECT :county, 'county', '同名县', 'Same County', ST_Multi(ST_MakeEnvelope(:x, :y, :x + 0.02, :y + 0.01, 4326))
WHERE NOT EXISTS (SELECT FROM area WHERE code = :county);
INSERT INTO area (code, level, name, name_en, parent_id, geom)
SELECT :code, 'township', '同名镇', 'Same Town', id, ST_Multi(ST_MakeEnvelope(:x, :y, :x + 0.02, :y + 0.01, 4326))
FROM area WHERE code = :county;
INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM area WHERE code = :code;
INSERT INTO area (code, level, name, name_en, parent_id, geom)
SELECT :code || '001', 'community', '同名社区', 'Same Village', id, geom FROM area WHERE code = :code;
INSERT INTO plan (township_id, name, state, validity)
SELECT id, '方案' || :m, 'published', daterange('2022-09-01', NULL) FROM area WHERE code = :code;
INSERT INTO grid (plan_id, code, name, kind, community_id, geom)
SELECT p.id, 'g' || k, '同名第' || k || '网格', 'basic', c.id,
       ST_Multi(ST_MakeEnvelope(:x + 0.01 * (k - 1), :y, :x + 0.01 * k, :y + 0.01, 4326))
FROM plan p JOIN area t ON t.id = p.township_id JOIN area c ON c.parent_id = t.id, generate_series(1, 2) k
WHERE t.code = :code;
INSERT INTO house (township_id, code, address, geom)
SELECT id, 'H' || k, '同名路' || k || '号', ST_SetSRID(ST_MakePoint(:x + 0.01 * k - 0.005, :y + 0.005), 4326)
FROM area, generate_series(1, 2) k WHERE code = :code;
INSERT INTO household (township_id, code, house_id)
SELECT h.township_id, 'F' || h.code, h.id FROM house h JOIN area t ON t.id = h.township_id WHERE t.code = :code;
INSERT INTO resident (township_id, code, household_id, name)
SELECT f.township_id, 'R' || f.code, f.id, :m || '测试' FROM household f JOIN area t ON t.id = f.township_id WHERE t.code = :code;
INSERT INTO staff (township_id, code, name, phone)
SELECT id, 'S1', '测' || :m || '长', '1990000' || right(:code, 4) FROM area WHERE code = :code;
INSERT INTO team_member (township_id, staff_id, grid_code, role, during)
SELECT s.township_id, s.id, 'g' || k, 'leader', daterange('2022-01-01', NULL)
FROM staff s JOIN area t ON t.id = s.township_id, generate_series(1, 2) k WHERE t.code = :code;
INSERT INTO matter_list (township_id, version, validity)
SELECT id, '1', daterange('2020-01-01', NULL) FROM area WHERE code = :code;
INSERT INTO matter (list_id, code, name, name_en)
SELECT l.id, '01', '市容' || :m, 'Environment' FROM matter_list l JOIN area t ON t.id = l.township_id WHERE t.code = :code;
INSERT INTO matter (list_id, parent_id, code, name, name_en, time_limit, limit_unit, office, decider)
SELECT l.id, m.id, '0101', '垃圾' || :m, 'Rubbish', 4, 'working_hours', '同名办', 'township'
FROM matter m JOIN matter_list l ON l.id = m.list_id JOIN area t ON t.id = l.township_id WHERE t.code = :code;
INSERT INTO event (township_id, code, matter_id, reported_at, text, source, geom)
SELECT t.id, 'E1', m.id, now() - interval '1 day', '事由' || :m, '来源' || :m, ST_SetSRID(ST_MakePoint(:x + 0.005, :y + 0.005), 4326)
FROM matter m JOIN matter_list l ON l.id = m.list_id JOIN area t ON t.id = l.township_id
WHERE t.code = :code AND m.code = '0101';
INSERT INTO matter_list (township_id, version) SELECT id, '草' || :m FROM area WHERE code = :code;
INSERT INTO matter (list_id, code, name) SELECT l.id, '01', '市容' || :m
FROM matter_list l JOIN area t ON t.id = l.township_id WHERE t.code = :code AND l.validity IS NULL;
INSERT INTO matter (list_id, parent_id, code, name) SELECT m.list_id, m.id, '0101', '垃圾' || :m
FROM matter m JOIN matter_list l ON l.id = m.list_id JOIN area t ON t.id = l.township_id
WHERE t.code = :code AND l.validity IS NULL;
INSERT INTO matter_supplement (township_id, community_id, code, text, during, state, written_by, decided_by, decided_at)
SELECT t.id, c.id, '0101', '规定' || :m, daterange('2020-01-01', NULL), 'agreed', '测试', '测试', now()
FROM area t JOIN area c ON c.parent_id = t.id WHERE t.code = :code AND c.level = 'community';
INSERT INTO open_problem (township_id, code, title, supervisor, opened_on, review_on)
SELECT id, 'L1', '难题' || :m, '测试', '2023-05-01', '2023-06-01' FROM area WHERE code = :code;
INSERT INTO means (township_id, area_id, kind, name, amount, during, noted_by)
SELECT t.id, c.id, 'funds', '经费' || :m, 1200.50, daterange('2020-01-01', NULL), '测试'
FROM area t JOIN area c ON c.parent_id = t.id WHERE t.code = :code AND c.level = 'community';
INSERT INTO collection_task (township_id, title, purpose, fields, due_on, state, made_by, opened_at)
SELECT id, '采集' || :m, 'care', '{resident.phone}', '2099-12-31', 'open', '测试', now() FROM area WHERE code = :code;
INSERT INTO collection_question (task_id, number, name, kind, label)
SELECT k.id, 1, 'q1', 'text', '问' || :m FROM collection_task k JOIN area t ON t.id = k.township_id WHERE t.code = :code;
INSERT INTO collection_house (task_id, house_id)
SELECT k.id, h.id FROM collection_task k JOIN area t ON t.id = k.township_id JOIN house h ON h.township_id = t.id
WHERE t.code = :code AND h.code = 'H1';
INSERT INTO training (township_id, code, course, held_on, hours, kind)
SELECT id, 'T1', '培训' || :m, '2023-05-01', 2, 'training' FROM area WHERE code = :code
"""
_ROWS = """
SELECT t.id, c.code AS community, p.id AS plan_id, h.id AS house_id, f.id AS household_id, e.id AS event_id,
       (SELECT min(m.id) FROM means m WHERE m.township_id = t.id) AS means_id,
       (SELECT min(k.id) FROM collection_task k WHERE k.township_id = t.id) AS collection_id, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat, today_in(t.id) AS today
FROM area t JOIN area c ON c.parent_id = t.id JOIN plan p ON p.township_id = t.id
JOIN house h ON h.township_id = t.id AND h.code = 'H1' JOIN household f ON f.house_id = h.id JOIN event e ON e.township_id = t.id
WHERE t.code = :code
"""
