"""Everything that is held on one person: the answer that the law owes to whoever asks about themselves."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import AmbiguousAddress, Invalid, NotFound
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.retention_periods import keeping_of
from gisgrid.files.exports import Cell, Sheet
from gisgrid.locate.addresses.search import search
from gisgrid.locate.lookup import ACCEPT
from gisgrid.people.privacy import audit
from gisgrid.people.privacy.data_inventory import declared


@dataclass(frozen=True)
class Section:
    """What one table holds; the rows are JSON-able."""

    table: str
    zh: str
    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Subject:
    """The whole answer."""

    resident_id: int
    name: str
    address: str
    sections: tuple[Section, ...]
    purposes: tuple[dict[str, Any], ...]
    """Every personal column of these tables with its purpose, legal basis and span."""

    def as_json(self) -> dict[str, Any]:
        """As it is handed over in a file."""
        return {
            "name": self.name,
            "address": self.address,
            "held": {s.table: list(s.rows) for s in self.sections},
            "declared": list(self.purposes),
        }


def subject(
    session: Session, place: TownshipInfo, address: str, name: str, *, born: date | None = None
) -> Subject:
    """Everything held on the resident of a name at an address.

    The transaction must declare a purpose; the reading is put on the audit in it. ``born`` decides
    between people of one name in one house.

    Raises
    ------
    NotAllowed
        No purpose, or one that is not on the list.
    AmbiguousAddress
        No house is sure enough; ``facts["candidates"]`` are addresses.
    Invalid
        Several people of that name live there and ``born`` does not decide.
    NotFound
        Nothing like the address is known, or nobody of that name is registered there.
    """
    house = house_meant(session, place, address)
    people = session.scalars(
        text(_PEOPLE), {"house": house, "name": plain_name(name), "born": born}
    ).all()
    return subject_of(session, place, the_one(people))


def subject_of(session: Session, place: TownshipInfo, resident_id: int) -> Subject:
    """The same on a resident by row number; NotFound where the record is gone."""
    person = session.execute(text(_PERSON), {"r": resident_id, "t": place.id}).one_or_none()
    if person is None:
        raise NotFound("The record of whoever asks is gone.")
    audit.record(session, "subject", "resident", [person.id])
    scope = {
        "t": place.id,
        "r": person.id,
        "f": person.household_id,
        "h": person.house_id,
        "words": [w for w in (person.name, person.citizen_id, person.phone) if w],
        "name": person.name,
        "phone": person.phone,
    }
    sections = tuple(
        Section(table, zh, tuple(row for (row,) in session.execute(text(sql), scope)))
        for table, (zh, sql) in SECTIONS.items()
    )
    tables = {s.table for s in sections if s.rows}
    purposes = tuple(
        {
            "table": d.table, "column": d.column, "purpose": d.purposes_en, "用途": d.purposes_zh,
            "legal_basis": d.legal_basis, "kept": d.keeping, "days": d.days,
        }
        for d in declared(session, keeping_of(session, place.id))
        if d.table in tables
    )  # fmt: skip
    return Subject(person.id, person.name, person.address, sections, purposes)


def subject_sheets(found: Subject) -> list[Sheet]:
    """The answer as a workbook: a sheet per table that holds something, and the purposes."""
    sheets = [_sheet(f"{s.zh} {s.table}", s.rows) for s in found.sections if s.rows]
    return [*sheets, _sheet("用途 purposes", found.purposes)]


def _sheet(title: str, rows: Sequence[dict[str, Any]]) -> Sheet:
    heads = tuple(dict.fromkeys(key for row in rows for key in row))
    return Sheet(title, heads, [tuple(_cell(row.get(head)) for head in heads) for row in rows])


def _cell(value: Any) -> Cell:
    return value if value is None or isinstance(value, str | int | float) else str(value)


def house_meant(session: Session, place: TownshipInfo, address: str) -> int:
    """Row number of the house of an address; refused as in `subject`, where none is sure enough."""
    answer = search(session, place.id, address.replace("\0", " "), accept=ACCEPT)
    if answer.match is not None and answer.match.house_id is not None:
        return answer.match.house_id
    if not answer.candidates:
        raise NotFound("Nothing in the register is like this address.")
    raise AmbiguousAddress(
        "It is not sure which address is meant; choose one of the candidates.",
        candidates=[{"address": c.address, "code": c.code} for c in answer.candidates],
    )


def the_one(people: Sequence[int]) -> int:
    """The only one of the residents found; refused as in `subject` where there are none, or several."""
    if not people:
        raise NotFound("Nobody of that name is registered at that address.")
    if len(people) > 1:
        raise Invalid(
            "{people} people of that name are registered at that address: which one? Add the day of birth.",
            people=len(people),
        )
    return people[0]


def plain_name(name: str) -> str:
    """A name as names are compared: without spaces, in one form of each sign."""
    return "".join(unicodedata.normalize("NFKC", name).split())


_PERSON = """
SELECT r.id, r.household_id, f.house_id, r.name, r.citizen_id, r.phone, h.address
FROM resident r JOIN household f ON f.id = r.household_id JOIN house h ON h.id = f.house_id
WHERE r.id = :r AND r.township_id = :t
"""

_PEOPLE = """
SELECT r.id FROM resident r JOIN household f ON f.id = r.household_id
WHERE f.house_id = :house AND regexp_replace(r.name, '[[:space:]]', '', 'g') = :name
  AND (CAST(:born AS date) IS NULL OR r.birth_date = :born)
ORDER BY r.id
"""

# Where the words stand that name the person.
_SPEAKS = "EXISTS (SELECT FROM unnest(CAST(:words AS text[])) AS w(word) WHERE position(word IN"
# The same person among the staff: name and telephone both.
_STAFF = (
    "(SELECT s.id FROM staff s WHERE s.township_id = :t AND s.name = :name "
    "AND s.phone = CAST(:phone AS text))"
)

SECTIONS: dict[str, tuple[str, str]] = {
    "resident": ("居民", "SELECT to_jsonb(o) - 'id' FROM resident o WHERE o.id = :r"),
    "household": ("户", "SELECT to_jsonb(o) - 'id' FROM household o WHERE o.id = :f"),
    "house": (
        "房屋",
        "SELECT jsonb_build_object('code', o.code, 'address', o.address, 'lon', ST_X(o.geom), "
        "'lat', ST_Y(o.geom)) FROM house o WHERE o.id = :h",
    ),
    "history": (
        "历史",
        "SELECT to_jsonb(o) - 'id' FROM history o WHERE (o.table_name, o.row_id) IN "
        "(('resident', :r), ('household', :f)) "
        # Words for a house they live or lived in, which went with it and named them.
        "OR o.table_name = 'alias' AND position(CAST(:name AS text) IN o.old ->> 'words') > 0 "
        "AND (o.old ->> 'house_id')::bigint IN (SELECT CAST(:h AS bigint) UNION SELECT (w.old ->> 'house_id')::bigint "
        "FROM history w WHERE w.table_name = 'household' AND w.row_id = :f) ORDER BY o.changed_at, o.id",
    ),
    "visit": (
        "走访",
        "SELECT jsonb_build_object('code', o.code, 'visited_on', o.visited_on) FROM visit o "
        "WHERE o.house_id = :h ORDER BY o.visited_on, o.id",
    ),
    "event": (
        "事件",
        "SELECT jsonb_build_object('code', o.code, 'reported_at', o.reported_at, 'text', o.text, "
        "'address', o.address, 'contact', o.contact) FROM event o WHERE o.township_id = :t "
        f"AND {_SPEAKS} concat_ws(chr(10), o.text, o.address, o.contact)) > 0) ORDER BY o.id",
    ),
    "case_step": (
        "办理",
        "SELECT jsonb_build_object('at', o.at, 'step', o.step, 'reason', o.reason, 'note', o.note, "
        "'data', o.data) FROM case_step o JOIN event_case c ON c.id = o.case_id "
        "WHERE c.township_id = :t "
        f"AND {_SPEAKS} concat_ws(chr(10), o.reason, o.note, o.data::text)) > 0) ORDER BY o.id",
    ),
    "register_entry": (
        "入户登记",
        "SELECT to_jsonb(o) - 'id' - 'client_id' - 'digest' FROM register_entry o WHERE o.resident_id = :r OR o.household_id = :f "
        "OR o.house_id = :h AND (o.kind = 'visited' OR o.kind = 'alias' "
        "AND position(CAST(:name AS text) IN o.said ->> 'alias') > 0) ORDER BY o.id",
    ),
    "collection_answer": (
        "采集答复",
        # Where several households live, nobody knows of whom a value speaks: none is told another's.
        "SELECT jsonb_build_object('task', t.title, 'question', q.label, 'at', o.at) || CASE WHEN "
        "(SELECT count(*) FROM household f WHERE f.house_id = :h) = 1 "
        "THEN jsonb_build_object('value', o.value) ELSE '{}' END "
        "FROM collection_answer o JOIN collection_task t ON t.id = o.task_id "
        "JOIN collection_question q ON q.id = o.question_id WHERE o.house_id = :h ORDER BY o.id",
    ),
    "alias": (
        "俗称",
        "SELECT jsonb_build_object('words', o.words, 'added_at', o.added_at) FROM alias o "
        "WHERE o.house_id = :h AND position(CAST(:name AS text) IN o.words) > 0 ORDER BY o.id",
    ),
    "correction_request": (
        "更正申请",
        "SELECT to_jsonb(o) - 'id' FROM correction_request o WHERE (o.table_name, o.row_id) IN "
        "(('resident', :r), ('household', :f)) ORDER BY o.id",
    ),
    "subject_request": (
        "查询申请",
        "SELECT to_jsonb(o) - 'id' - 'answer' FROM subject_request o WHERE o.resident_id = :r ORDER BY o.id",
    ),
    "import_run": (
        "导入",
        "SELECT jsonb_build_object('kind', o.kind, 'file_name', o.file_name, 'who', o.who, "
        "'started_at', o.started_at) FROM import_run o WHERE o.id IN ("
        "SELECT run_id FROM resident WHERE id = :r UNION SELECT run_id FROM household WHERE id = :f "
        "UNION SELECT (h.old ->> 'run_id')::bigint FROM history h WHERE h.table_name = 'resident' "
        "AND h.row_id = :r) ORDER BY o.id",
    ),
    "audit_entry": (
        "查阅记录",
        "SELECT jsonb_build_object('at', o.at, 'who', o.account_name, 'action', o.action, "
        "'purpose', o.purpose) FROM audit_entry o WHERE o.subject = 'resident' "
        "AND CAST(:r AS bigint) = ANY (o.row_ids) ORDER BY o.id",
    ),
    "staff": ("工作人员", f"SELECT to_jsonb(o) - 'id' FROM staff o WHERE o.id IN {_STAFF}"),
    "team_member": (
        "任职",
        "SELECT jsonb_build_object('grid', o.grid_code, 'role', o.role, 'during', o.during) "
        f"FROM team_member o WHERE o.staff_id IN {_STAFF} ORDER BY o.id",
    ),
    "training_attendee": (
        "培训",
        "SELECT jsonb_build_object('course', t.course, 'held_on', t.held_on, 'hours', t.hours) "
        "FROM training_attendee o JOIN training t ON t.id = o.training_id "
        f"WHERE o.staff_id IN {_STAFF} ORDER BY t.held_on, t.id",
    ),
    "staff_profile": (
        "培训档案",
        "SELECT jsonb_build_object('age_band', o.age_band, 'schooling', o.schooling, "
        "'qualifications', o.qualifications, 'noted_at', o.noted_at) "
        f"FROM staff_profile o WHERE o.staff_id IN {_STAFF} ORDER BY o.staff_id",
    ),
    "read_receipt": (
        "阅读",
        "SELECT jsonb_build_object('document', d.title, 'version', v.number, 'read_at', o.read_at) "
        "FROM read_receipt o JOIN document_version v ON v.id = o.version_id "
        f"JOIN document d ON d.id = v.document_id WHERE o.staff_id IN {_STAFF} ORDER BY o.read_at",
    ),
    "worker_position": (
        "位置",
        "SELECT jsonb_build_object('at', o.at, 'lon', ST_X(o.geom), 'lat', ST_Y(o.geom)) "
        f"FROM worker_position o WHERE o.staff_id IN {_STAFF} ORDER BY o.at",
    ),
    "account": (
        "账号",
        "SELECT jsonb_build_object('name', o.name, 'display_name', o.display_name, "
        "'last_login_at', o.last_login_at, 'created_at', o.created_at) "
        f"FROM account o WHERE o.staff_id IN {_STAFF} ORDER BY o.id",
    ),
    "outbox_person": (
        "消息设置",
        "SELECT jsonb_build_object('email', o.email, 'address', o.address, 'quiet_from', o.quiet_from, "
        "'quiet_until', o.quiet_until) FROM outbox_person o JOIN account k ON k.id = o.account_id "
        f"WHERE k.staff_id IN {_STAFF} ORDER BY o.account_id",
    ),
    "appointment": (
        "任命",
        "SELECT jsonb_build_object('role', o.role, 'area', a.name, 'grid', o.grid_code, "
        "'during', o.during) FROM appointment o JOIN account k ON k.id = o.account_id "
        f"LEFT JOIN area a ON a.id = o.area_id WHERE k.staff_id IN {_STAFF} ORDER BY o.id",
    ),
}
"""Table → its name in Chinese and the rows of it that are about the person, one JSON value each."""

LEFT_OUT: dict[str, str] = {
    "access_token": "secrets of programs, of which only hashes are kept",
    "email_code": "an address of the staff that waits for its code, forgotten after a day",
    "event_case": "the ticket belongs to whoever reported",
    "log_in_try": "failed log-ins, by a key that is forgotten within hours",
    "house_change": "row numbers of what went with a house, for taking it back; the rows are told where they are",
    "file_import": "who sent a file, by the name of an account",
    "file_import_part": "files as they were sent, kept for days only; what is imported of them is searched",
    "collection_task": "who made and ended a task, by the name of an account",
    "collection_photo": "pictures that answer a question; who is on one is not recorded",
    "entry_photo": "pictures of what was seen at a visit; who is on one is not recorded",
    "photo": "pictures of places; who is on one is not recorded",
    "document_draft": "who sent a draft, by the name of an account",
    "draft_comment": "what offices say to a draft, by the name of an account",
    "document_version": "who issued a document, by the name of an account",
    "phone_half": "which phones of the staff may open what they keep, by a name that the phone made",
    "phone_entry": "what a worker's phone sent, by kind and address; what it says stands where it was taken in",
    "sleep_reason": "who said why nobody came to a grid, by the name of an account",
    "refused_demand": "who asked for a task, by the name of an account",
    "setting_change": "who changed a setting, by the name of an account",
    "matter_change": "who changed the list of matters, by the name of an account",
    "means": "who noted funds, equipment and rooms, by the name of an account",
    "matter_supplement": "who wrote and who agreed to a community's rule, by the name of an account",
    "retention_run": "who ran a job, by the name of an account",
    **dict.fromkeys(
        (
            "backup_drill",
            "job",
            "office_job",
            "plan",
            "plan_step",
            "scenario_lock",
            "scenario_move",
            "study",
        ),
        "who ordered or drew, by the name of an account",
    ),
    **dict.fromkeys(
        ("emergency", "open_problem", "problem_review", "notice"),
        "who switched, supervises, reviewed or read, by the name of an account",
    ),
    **dict.fromkeys(("duty", "suggestion"), "who of the staff is on duty, or was proposed"),
}
"""Tables with personal columns that hold nothing on a resident, and why."""
