"""Which personal data is kept, what for, on which basis, and how long? The declaration itself.

Every column of a mapped class is here: personal ones with a purpose (a row of ``purpose``, which says the
legal basis) and a span of ``Keeping``; the others as plain. A test holds it to the classes, so a new
column fails the build until somebody has said what it is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.retention_periods import Keeping
from gisgrid.files.exports import Sheet


@dataclass(frozen=True)
class Field:
    """Personal columns of one table with one purpose."""

    table: str
    columns: tuple[str, ...]
    purposes: tuple[str, ...]
    """Names of rows of ``purpose``; the first one is why it is collected."""
    keeping: str
    """Name of a span in ``Keeping``; ``with_row``: as long as what it describes; ``always``."""
    sensitive: bool = False
    """In the sense of PIPL 28: only where needed, with a purpose stated at each reading."""


@dataclass(frozen=True)
class DeclaredField:
    """One personal column as it is told to whoever asks."""

    table: str
    column: str
    purposes_zh: str
    purposes_en: str
    legal_basis: str
    keeping: str
    days: float | None
    """None: as ``keeping`` says in words."""
    sensitive: bool


FIELDS: tuple[Field, ...] = (
    Field("household", ("code", "room", "verified_on"), ("verify", "care"), "register"),
    Field("resident", ("code", "name", "sex", "birth_date", "verified_on"), ("verify", "care"), "register"),
    Field("resident", ("citizen_id",), ("verify",), "register", sensitive=True),
    Field("resident", ("phone",), ("care", "event", "emergency"), "register"),
    Field("resident", ("needs",), ("care", "emergency"), "register", sensitive=True),
    Field("visit", ("code", "visited_on", "next_on", "why", "met", "agreed"), ("care",), "visits"),
    Field("event", ("text", "address", "reporter", "contact", "client_id"), ("event",), "events"),
    Field("photo", ("jpeg", "thumbnail", "taken_at", "added_by"), ("event",), "events"),
    Field("event_case", ("ticket",), ("event",), "with_row"),
    Field("case_step", ("actor", "reason", "note", "data", "client_id"), ("event",), "events"),
    Field("refused_demand", ("asked_by", "text"), ("account",), "always"),
    Field("alias", ("words", "key", "grams", "added_by"), ("event", "emergency"), "with_row"),
    Field("staff", ("code", "name", "phone", "body"), ("contact",), "staff"),
    Field("team_member", ("grid_code", "role", "during"), ("contact",), "staff"),
    Field("worker_position", ("at", "geom"), ("emergency", "contact"), "positions", sensitive=True),
    Field("training_attendee", (), ("training",), "staff"),
    Field("read_receipt", ("read_at",), ("training",), "staff"),
    Field("document_version", ("issued_by",), ("training",), "with_row"),
    Field("document_draft", ("sent_by",), ("training",), "with_row"),
    Field("draft_comment", ("text", "who", "answer", "answered_by"), ("training",), "with_row"),
    Field("staff_profile", ("age_band", "schooling", "qualifications", "noted_by"), ("training",), "staff"),
    Field(
        "account",
        ("name", "display_name", "password_hash", "fs_uniquifier", "tf_primary_method",
         "tf_totp_secret", "mf_recovery_codes", "last_login_at",
         "tf_last_counter"),
        ("account",),
        "staff",
    ),
    Field("log_in_try", ("key", "name_key", "failed", "last_at"), ("account",), "with_row"),
    Field("appointment", ("role", "grid_code", "during"), ("account",), "staff"),
    Field("access_token", ("name", "token_hash", "last_used_at"), ("account",), "staff"),
    Field("setting_change", ("who",), ("account",), "always"),
    Field("matter_change", ("who",), ("account",), "always"),
    Field("means", ("noted_by",), ("account",), "always"),
    Field("matter_supplement", ("written_by", "decided_by"), ("account",), "always"),
    Field("audit_entry", ("account_name", "purpose", "origin"), ("account",), "always"),
    Field(
        "correction_request",
        ("proposed", "asked_by", "decided_by", "reason"),
        ("subject",),
        "corrections",
    ),
    Field(
        "register_entry",
        (
            "said", "was", "who", "decided_by", "reason", "taken_back_by", "taken_back_reason", "client_id", "digest",
        ),
        ("verify", "care"),
        "entries",
        sensitive=True,
    ),
    Field("house_change", ("kept",), ("verify",), "entries"),
    Field("sleep_reason", ("reason", "who"), ("account",), "entries"),
    Field("phone_entry", ("who", "label", "reason"), ("verify", "care"), "entries"),
    Field("entry_photo", ("jpeg", "thumbnail"), ("care",), "entries", sensitive=True),
    Field("collection_task", ("made_by", "ended_by"), ("account",), "always"),
    Field("collection_answer", ("value", "who", "client_id"), ("verify", "care"), "entries", sensitive=True),
    Field("collection_photo", ("jpeg", "thumbnail"), ("verify", "care"), "entries", sensitive=True),
    Field("phone_half", ("device", "withdrawn_by"), ("account",), "with_row"),
    Field("history", ("old",), ("verify",), "history"),
    Field("import_run", ("who", "file_name", "mapping"), ("verify",), "always"),
    Field("file_import", ("file_name", "who", "options"), ("verify",), "always"),
    Field("file_import_part", ("content",), ("verify",), "imports", sensitive=True),
    *(
        Field(table, ("who",), ("account",), "always")
        for table in (
            "backup_drill", "job", "office_job", "plan", "plan_step", "scenario_lock", "scenario_move",
        )
    ),
    Field("subject_request", ("answer",), ("subject",), "answers", sensitive=True),
    Field(
        "subject_request",
        ("noted_by", "decided_by", "reason", "answered_by"),
        ("subject",),
        "corrections",
    ),
    Field("study", ("asked_by",), ("account",), "with_row"),
    Field("retention_run", ("who",), ("subject",), "always"),
    Field("suggestion", ("parts",), ("event",), "with_row"),
    Field("emergency", ("started_by", "ended_by"), ("emergency",), "always"),
    Field("duty", ("grid_code", "micro_grid", "during"), ("emergency",), "staff"),
    Field("open_problem", ("title", "supervisor"), ("event",), "always"),
    Field("problem_review", ("by", "finding"), ("event",), "always"),
    Field("notice", ("seen_by",), ("event",), "with_row"),
    Field("email_code", ("email",), ("account",), "with_row"),
    Field("outbox_person", ("email", "address", "quiet_from", "quiet_until"), ("account",), "staff"),
)  # fmt: skip

PLAIN: dict[str, tuple[str, ...]] = {
    "event": (
        "code", "reported_at", "due_at", "closed_at", "source", "grid_code", "geom", "location_status",
        "source_x", "source_y",
    ),
    "photo": ("shows", "sha256", "width", "height", "far_m", "added_at"),
    "event_case": (
        "state", "open", "seq", "back_state", "opened_at", "changed_at", "closed_at", "rating",
        "level", "grid_code", "office",
    ),
    "case_step": (
        "seq", "step", "means", "from_state", "to_state", "at", "role", "rating", "level",
        "grid_code", "office",
    ),
    "refused_demand": ("at", "matter", "why", "key"),
    "alias": ("geom", "added_at", "personal"),
    "document_version": (
        "number", "file_name", "media_type", "content", "sha256", "issued_on", "due_on",
    ),
    "document_draft": (
        "code", "title", "file_name", "media_type", "content", "sha256", "sent_on", "answer_by", "communities",
    ),
    "draft_comment": ("at", "answered_at"),
    "staff_profile": ("noted_at",),
    "backup_drill": (
        "asked_at", "state", "attempts", "ended_at", "took_s", "done", "total", "doing", "rows_read", "differs",
        "failed",
    ),
    "study": (
        "kind", "day", "body", "fingerprint", "made_at", "took_s", "asked_at", "step", "steps", "doing", "told_at",
        "failed", "failed_fingerprint", "attempts",
    ),
    "account": (
        "text_size", "density", "active", "created_at", "has_password", "password_once",
    ),
    "access_token": ("scopes", "expires_at", "revoked_at", "created_at"),
    "setting_change": ("name", "was", "became", "at"),
    "matter_change": ("code", "what", "was", "became", "at"),
    "means": ("kind", "name", "amount", "pieces", "floor_m2", "during", "why_ended", "state_number", "noted_at"),
    "matter_supplement": ("code", "text", "during", "state", "written_at", "decided_at", "reason"),
    "audit_entry": ("at", "action", "subject", "row_ids", "prev_hash", "hash"),
    "correction_request": (
        "table_name", "row_id", "column_name", "asked_at", "state", "decided_at",
    ),
    "subject_request": (
        "resident_id", "asked_at", "due_on", "state", "decided_at", "sha256", "made_at", "gone_on", "answered_at",
    ),
    "office_job": (
        "kind", "asked_at", "state", "attempts", "ended_at", "failed", "result",
    ),
    "register_entry": (
        "kind", "household_id", "resident_id", "at", "entered_at", "state", "conflict", "decided_at", "taken_back_at", "gone_house_id",
    ),
    "house_change": ("change", "house_id", "successor_id", "entry_id", "code", "address", "reason", "on_day", "at"),
    "sleep_reason": ("grid_code", "at"),
    "entry_photo": ("sha256", "width", "height"),
    "collection_task": (
        "title", "fields", "grids", "due_on", "state", "state_number", "made_at", "opened_at", "reminded_at",
        "ended_at",
    ),
    "collection_answer": ("at", "entered_at", "replaced_at"),
    "collection_photo": ("sha256", "width", "height"),
    "phone_half": ("half", "made_at", "seen_at", "withdrawn_at"),
    "phone_entry": ("key", "content", "house_id", "what", "entered_at", "at", "state", "answer", "seen_at"),
    "history": ("table_name", "row_id", "changed_at", "action", "run_id"),
    "import_run": ("kind", "township", "sha256", "crs", "encoding", "counts", "started_at", "decided",
                   "reversible"),
    "file_import": (
        "township", "kind", "size", "sha256", "sent_at", "task", "state", "asked_at", "ended_at", "done",
        "total", "doing", "attempts", "failed", "facts", "looked", "checked", "imported",
        "foreseen", "gone_at",
    ),
    "file_import_part": ("what", "number"),
    "job": (
        "kind", "options", "state", "done", "total", "doing", "result", "failed",
        "ordered_at", "ended_at", "attempts",
    ),
    "plan": (
        "name", "state", "validity", "recipe", "created_at", "version", "note",
    ),
    "plan_step": ("from_state", "to_state", "reason", "at"),
    "scenario_lock": ("kind", "key", "at"),
    "scenario_move": (
        "number", "action", "why", "at", "standing", "before", "after", "flows",
    ),
    "retention_run": ("as_of", "ran_at", "report"),
    "suggestion": ("made_at", "grid_code", "accepted"),
    "emergency": ("reason", "started_at", "until", "holds_ordinary", "ended_at"),
    "open_problem": ("code", "opened_on", "review_on", "solved_on"),
    "problem_review": ("reviewed_on", "next_on"),
    "notice": ("kind", "level", "key", "at", "seen_at"),
    "email_code": ("asked_at", "asked", "code_hash", "expires_at", "tries"),
    "outbox_person": ("language", "sound"),
}  # fmt: skip
"""Columns of the tables above that say nothing of a person by themselves."""

NO_PEOPLE = frozenset(
    (
        "address_key", "address_name", "address_street", "area", "asset", "backup", "calendar_year", "case_clock",
        "clock_task", "collection_house", "collection_question", "completeness_day", "day_figure", "document", "flow", "flow_state", "flow_step", "event_grid", "grid",
        "grid_successor",
        "house", "house_grid", "matter", "matter_list", "outbox_channel", "outbox_delivery", "outbox_message",
        "outbox_wish", "position_total", "purpose",
        "parcel", "role_right", "shortlist", "station", "stale_day", "street", "township", "training", "workload_weights",
    )
)  # fmt: skip
"""Tables without anything on people: places, rules, totals."""


def declared(session: Session, keeping: Keeping) -> list[DeclaredField]:
    """The personal columns with their purposes as the store words them, by table and column."""
    purposes = {
        row.name: row
        for row in session.execute(text("SELECT name, zh, en, legal_basis FROM purpose"))
    }
    return sorted(
        (
            DeclaredField(
                table=field.table,
                column=column,
                purposes_zh="、".join(purposes[p].zh for p in field.purposes),
                purposes_en=", ".join(purposes[p].en for p in field.purposes),
                legal_basis=", ".join(
                    dict.fromkeys(purposes[p].legal_basis for p in field.purposes)
                ),
                keeping=field.keeping,
                days=getattr(keeping, field.keeping, None),
                sensitive=field.sensitive,
            )
            for field in FIELDS
            for column in field.columns
        ),
        key=lambda d: (d.table, d.column),
    )


def fields_sheet(rows: Sequence[DeclaredField]) -> Sheet:
    """The declaration as a sheet of a workbook."""
    return Sheet(
        "个人信息 personal data",
        ("表 table", "字段 column", "用途", "purpose", "法律依据 legal basis", "保存 kept",
         "天数 days", "敏感 sensitive"),
        [
            (d.table, d.column, d.purposes_zh, d.purposes_en, d.legal_basis, d.keeping, d.days,
             "是 yes" if d.sensitive else None)
            for d in rows
        ],
    )  # fmt: skip
