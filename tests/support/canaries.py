"""Invented people with words that stand nowhere else, planted in four places, and the search for them.

A word is either OPEN (the datum itself: nobody gets it but for a purpose) or a name of the right that
shows it (a masked form, a room, the code of an event): with the right, and only where it holds.
"""

from __future__ import annotations

import functools
import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.cases import SYSTEM, Details, open_case

STEM = 3
OPEN = "open"
PLACES = ("A1", "A2", "B", "U")
"""Two grids of a community, a grid of the next, and a grid of another township."""
MARK = dict(zip(PLACES, "鱻麤龘靐", strict=True))
STAFF_MARK = dict(zip(PLACES, "爩厵灪麷", strict=True))


@dataclass(frozen=True)
class Canary:
    word: str
    place: str
    level: str
    """OPEN, or the right that shows it."""
    what: str
    """The column it was planted in."""


@dataclass(frozen=True)
class Spot:
    """Row numbers of a place."""

    township: str
    plan_id: int
    grid_code: str
    community: str
    house_id: int
    house_code: str
    address: str
    event_id: int
    resident_ids: tuple[int, ...]
    lon: float
    lat: float
    case_id: int
    """Of the event."""


def canaries() -> list[Canary]:
    found = []
    for n, place in enumerate(PLACES):
        day = 11 + n
        rows = {
            "resident.name": (f"秘名{place}", OPEN),
            "masked resident.name": (f"{MARK[place]}*", "see_register"),
            "resident.citizen_id": (f"999902191307{day}1{n}7X", OPEN),
            "resident.birth_date": (f"1913-07-{day}", OPEN),
            "resident.phone": (f"19907{n}{n}{n}381", OPEN),
            "resident.needs": (f"秘需{place}", OPEN),
            "resident.code": (f"999903191408{day}2{n}70", OPEN),
            "household.code": (f"999904191509{day}3{n}71", OPEN),
            "household.room": (f"秘室{place}", "see_register"),
            "staff.name": (f"秘员{place}", "see_contacts"),
            "staff.phone": (f"19908{n}{n}{n}382", OPEN),
            "staff_profile.qualifications": (f"秘资{place}", "load"),
            "event.text": (f"秘事{place}", OPEN),
            "event.address": (f"秘址{place}", OPEN),
            "event.reporter": (f"秘报{place}", OPEN),
            "event.contact": (f"19909{n}{n}{n}383", OPEN),
            "event.code": (f"秘号{place}", "see_events"),
            "visit.code": (f"秘访{place}", "see_visits"),
            "alias.words": (f"秘称{place}大爷家", "see_register"),
            "history.old": (f"秘旧{place}", OPEN),
            "import_run.file_name": (f"秘档{place}", OPEN),
            "case_step.note": (f"秘记{place}", "see_events"),
            "correction_request.proposed": (f"秘改{place}", OPEN),
            "correction_request.asked_by": (f"秘求{place}", OPEN),
            "subject_request.answer": (f"秘答{place}", OPEN),
            "subject_request.reason": (f"秘由{place}", "answer_subjects"),
            "register_entry.said": (f"秘填{place}", OPEN),
            "register_entry.was": (f"秘原{place}", OPEN),
            "collection_answer.value": (f"秘采{place}", OPEN),
            "collection_answer.who": (f"秘采人{place}", "see_register"),
            "sleep_reason.reason": (f"秘眠{place}", "see_register"),
            "refused_demand.text": (f"秘拒{place}", "see_events"),
            "open_problem.title": (f"秘题{place}", "see_events"),
            "problem_review.finding": (f"秘查{place}", "see_events"),
            "account.display_name": (f"秘户{place}", "administer"),
        }  # fmt: skip
        found += [Canary(word, place, level, what) for what, (word, level) in rows.items()]
    return found


def plant(session: Session) -> dict[str, Spot]:
    """Into a town of ``fill_town``; a second township is made for U."""
    for line in _OTHER_TOWNSHIP.split(";\n"):
        session.execute(text(line))
    spots = {}
    for place in PLACES:
        found = session.execute(text(_SPOT), {"grid": GRID[place]}).one()
        word = {c.what: c.word for c in canaries() if c.place == place}
        values = {
             "house": found.house_id, "township": found.township_id, "event": found.event_id,
            "grid": GRID[place], "old": f"{MARK[place]}{word['history.old']}",
            "name": MARK[place] + word["resident.name"],
            "staff_name": STAFF_MARK[place] + word["staff.name"],
            **{what.replace(".", "_"): value for what, value in word.items() if " " not in what},
        }  # fmt: skip
        for line in _PLANT.split(";\n"):
            session.execute(text(line), values)
        ids = session.scalars(
            text(
                "SELECT r.id FROM resident r JOIN household f ON f.id = r.household_id "
                "WHERE f.house_id = :house ORDER BY 1"
            ),
            values,
        ).all()
        spots[place] = Spot(
            found.township, found.plan_id, GRID[place], found.community, found.house_id,
            found.house_code, found.address, found.event_id, tuple(ids), found.lon, found.lat,
            open_case(
                session, found.event_id, SYSTEM, details=Details(note=word["case_step.note"])
            ).id,
        )  # fmt: skip
    return spots


def seen(wanted: list[Canary], *data: bytes) -> set[Canary]:
    """The canaries that stand in an answer or a file, also packed, in any of the usual writings."""
    whole = b"\n".join(part for each in data for part in _unpacked(each))
    found = set()
    for stem, writings in _by_stem(tuple(wanted)).items():
        if stem in whole:
            found |= {canary for writing, canary in writings if writing in whole}
    return found


@functools.cache
def _by_stem(wanted: tuple[Canary, ...]) -> dict[bytes, list[tuple[bytes, Canary]]]:
    """The writings of all canaries by how they begin: most of a thousand begin like few others."""
    stems: dict[bytes, list[tuple[bytes, Canary]]] = {}
    for canary in wanted:
        for writing in _writings(canary.word):
            stems.setdefault(writing[:STEM], []).append((writing, canary))
    return stems


@functools.cache
def _writings(word: str) -> frozenset[bytes]:
    # Two bytes a letter: a short word would be met by chance.
    codes = ("utf-8", "utf-16-le", "gb18030") if len(word) > 3 else ("utf-8",)
    forms = {word.encode(code) for code in codes}
    charrefs = "".join(f"&#{ord(c)};" for c in word)
    hexrefs = "".join(f"&#x{ord(c):x};" for c in word)
    escaped = json.dumps(word)[1:-1]
    others = (escaped, escaped.upper().replace("\\U", "\\u"), quote(word), charrefs, hexrefs)
    return frozenset(forms | {other.encode() for other in others})


def _unpacked(data: bytes) -> Iterator[bytes]:
    if data[:2] == b"\x1f\x8b":
        yield from _unpacked(gzip.decompress(data))
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from _unpacked(archive.read(name))
    else:
        yield data


GRID = {
    "A1": "999901001001001", "A2": "999901001001002", "B": "999901001002001", "U": "999901002001001",
}  # fmt: skip

_OTHER_TOWNSHIP = """
INSERT INTO area (code, level, name, name_en, parent_id, geom)
SELECT '999901002', 'township', '外镇', 'Other Town', id, ST_Multi(ST_MakeEnvelope(121.2, 40.7, 121.21, 40.71, 4326))
FROM area WHERE level = 'county';
INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM area WHERE code = '999901002';
INSERT INTO area (code, level, name, name_en, parent_id, geom)
SELECT '999901002001', 'community', '外村', 'Other Village', id, geom FROM area WHERE code = '999901002';
INSERT INTO plan (township_id, name, state, validity)
SELECT id, '外镇方案', 'published', daterange('2022-09-01', NULL) FROM area WHERE code = '999901002';
INSERT INTO grid (plan_id, code, name, kind, community_id, geom)
SELECT p.id, '999901002001001', '外村第1网格', 'basic', c.id, c.geom
FROM plan p JOIN area c ON c.parent_id = p.township_id WHERE p.name = '外镇方案';
INSERT INTO house (township_id, code, address, geom)
SELECT id, 'U' || n, '外镇外路' || n || '号', ST_SetSRID(ST_MakePoint(121.2 + n * 0.001, 40.705), 4326)
FROM area, generate_series(1, 5) n WHERE code = '999901002';
INSERT INTO household (township_id, code, house_id) SELECT township_id, 'F' || code, id FROM house WHERE code ~ '^U';
INSERT INTO resident (township_id, code, household_id, name)
SELECT township_id, 'R' || code, id, '测试外' FROM household WHERE code ~ '^FU';
INSERT INTO event (township_id, code, matter_id, reported_at, geom)
SELECT a.id, 'UE' || n, m.id, '2023-05-01 01:00Z', ST_SetSRID(ST_MakePoint(121.2 + n * 0.001, 40.706), 4326)
FROM area a, matter m, generate_series(1, 5) n WHERE a.code = '999901002';
INSERT INTO house_grid (plan_id, house_id, grid_id)
SELECT g.plan_id, h.id, g.id FROM house h, grid g WHERE h.code ~ '^U' AND g.code = '999901002001001';
INSERT INTO event_grid (plan_id, event_id, grid_id)
SELECT g.plan_id, e.id, g.id FROM event e, grid g WHERE e.code ~ '^UE' AND g.code = '999901002001001'
"""

_SPOT = """
SELECT p.township_id, t.code AS township, p.id AS plan_id, c.code AS community, h.id AS house_id,
       h.code AS house_code, h.address, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat,
       (SELECT min(event_id) FROM event_grid e WHERE e.grid_id = g.id) AS event_id
FROM grid g JOIN plan p ON p.id = g.plan_id JOIN area t ON t.id = p.township_id
JOIN area c ON c.id = g.community_id JOIN house_grid a ON a.grid_id = g.id JOIN house h ON h.id = a.house_id
WHERE g.code = :grid ORDER BY h.id LIMIT 1
"""

_PLANT = """
INSERT INTO import_run (kind, file_name, sha256, who) VALUES ('residents', :import_run_file_name, 'x', 'x');
UPDATE household SET code = :household_code, room = :household_room WHERE house_id = :house;
UPDATE resident r SET name = :old, needs = '{}' FROM household f
WHERE f.id = r.household_id AND f.house_id = :house;
UPDATE resident r SET name = :name, citizen_id = :resident_citizen_id, phone = :resident_phone, sex = 'f',
    birth_date = CAST(:resident_birth_date AS date), needs = ARRAY[:resident_needs]
FROM household f WHERE f.id = r.household_id AND f.house_id = :house;
UPDATE resident SET code = :resident_code WHERE id = (
    SELECT min(r.id) FROM resident r JOIN household f ON f.id = r.household_id WHERE f.house_id = :house);
INSERT INTO staff (township_id, code, name, phone) VALUES (:township, :grid || '-w', :staff_name, :staff_phone);
INSERT INTO team_member (township_id, staff_id, grid_code, role, during)
SELECT :township, id, :grid, 'worker', daterange('2022-01-01', NULL) FROM staff WHERE code = :grid || '-w';
INSERT INTO staff_profile (staff_id, qualifications, noted_by)
SELECT id, ARRAY[:staff_profile_qualifications], 'x' FROM staff WHERE code = :grid || '-w';
UPDATE event SET code = :event_code, text = :event_text, address = :event_address, reporter = :event_reporter,
    contact = :event_contact, closed_at = NULL WHERE id = :event;
INSERT INTO visit (township_id, code, house_id, visited_on) VALUES (:township, :visit_code, :house, '2023-05-01');
INSERT INTO alias (township_id, words, key, grams, house_id, added_by)
VALUES (:township, :alias_words, :alias_words, :alias_words, :house, '测试');
INSERT INTO correction_request (township_id, table_name, row_id, column_name, proposed, asked_by)
SELECT :township, 'resident', min(r.id), 'name', :correction_request_proposed, :correction_request_asked_by
FROM resident r JOIN household f ON f.id = r.household_id WHERE f.house_id = :house;
INSERT INTO subject_request (township_id, resident_id, noted_by, due_on, state, answer, reason, made_at, gone_on)
SELECT :township, min(r.id), '测试', '2099-01-01', 'ready', convert_to(:subject_request_answer, 'UTF8'),
       :subject_request_reason, now(), '2099-01-01'
FROM resident r JOIN household f ON f.id = r.household_id WHERE f.house_id = :house;
INSERT INTO refused_demand (township_id, at, asked_by, matter, text, why)
VALUES (:township, '2023-05-01 01:00Z', '虚构局', '99', :refused_demand_text, '不在清单');
INSERT INTO open_problem (township_id, code, title, supervisor, opened_on, review_on)
VALUES (:township, 'L' || :grid, :open_problem_title, '测试', '2023-05-01', '2023-06-01');
INSERT INTO problem_review (problem_id, reviewed_on, by, finding)
SELECT id, '2023-05-02', '测试', :problem_review_finding FROM open_problem WHERE code = 'L' || :grid;
INSERT INTO account (name, display_name, fs_uniquifier)
VALUES ('canary-' || :grid, :account_display_name, 'canary-' || :grid);
INSERT INTO sleep_reason (township_id, grid_code, reason, who) VALUES (:township, :grid, :sleep_reason_reason, '测试');
INSERT INTO register_entry (township_id, house_id, kind, resident_id, said, was, account_id, who, state)
SELECT :township, :house, 'corrected', min(r.id), jsonb_build_object('name', '测' || :register_entry_said),
       jsonb_build_object('name', '测' || :register_entry_was), (SELECT id FROM account WHERE name = 'canary-' || :grid),
       '测试', 'waiting'
FROM resident r JOIN household f ON f.id = r.household_id WHERE f.house_id = :house;
INSERT INTO collection_task (township_id, title, purpose, due_on, state, made_by, opened_at)
VALUES (:township, '采集' || :grid, 'care', '2099-12-31', 'open', '测试', now());
INSERT INTO collection_question (task_id, number, name, kind, label)
SELECT id, 1, 'q1', 'text', '问题' FROM collection_task WHERE title = '采集' || :grid;
INSERT INTO collection_house (task_id, house_id)
SELECT id, :house FROM collection_task WHERE title = '采集' || :grid;
INSERT INTO collection_answer (township_id, task_id, question_id, house_id, value, account_id, who, client_id)
SELECT :township, q.task_id, q.id, :house, :collection_answer_value,
       (SELECT id FROM account WHERE name = 'canary-' || :grid), :collection_answer_who, 'canary'
FROM collection_question q JOIN collection_task t ON t.id = q.task_id WHERE t.title = '采集' || :grid
"""
