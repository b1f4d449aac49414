"""Tables, columns and queues are called by the field's terms; nothing else changes."""

from __future__ import annotations

from alembic import op

revision = "0016_field_terms"
down_revision = "0015_email_codes"
branch_labels = None
depends_on = None

_TABLES = {"legacy_problem": "open_problem", "legacy_review": "problem_review"}
_COLUMNS = {
    "house": ("place", "location_status"),
    "event": ("place", "location_status"),
    "station": ("place", "location_status"),
    "job": ("wishes", "options"),
    "file_import": ("wishes", "options"),
}
_TASKS = {
    "bench.job": "editor.job", "bench.quick": "editor.quick", "bench.complete": "editor.complete",
}  # fmt: skip
_QUEUES = {"bench": "editor", "upkeep": "scheduled"}


def upgrade() -> None:
    for was, now in _TABLES.items():
        _rename_table(was, now)
    for table, (was, now) in _COLUMNS.items():
        _rename_column(table, was, now)
    _rename_in_json("job", "options", "scratch", "from_scratch")
    _rename_in_json("plan", "recipe", "scratch", "from_scratch")
    _rename_waiting(_TASKS, _QUEUES)


def downgrade() -> None:
    _rename_waiting(_turned(_TASKS), _turned(_QUEUES))
    _rename_in_json("plan", "recipe", "from_scratch", "scratch")
    _rename_in_json("job", "options", "from_scratch", "scratch")
    for table, (was, now) in _COLUMNS.items():
        _rename_column(table, now, was)
    for was, now in _TABLES.items():
        _rename_table(now, was)


def _turned(names: dict[str, str]) -> dict[str, str]:
    return {now: was for was, now in names.items()}


def _rename_table(was: str, now: str) -> None:
    op.rename_table(was, now)
    _rename_parts(now, was, now)
    op.execute(f"UPDATE history SET table_name = '{now}' WHERE table_name = '{was}'")


def _rename_column(table: str, was: str, now: str) -> None:
    op.alter_column(table, was, new_column_name=now)
    for end in ("", "_geom"):
        _rename_parts(table, f"ck_{table}_{was}{end}", f"ck_{table}_{now}{end}")
    # An old self is brought back by its columns' names.
    op.execute(
        f"UPDATE history SET old = old - '{was}' || jsonb_build_object('{now}', old -> '{was}') "
        f"WHERE table_name = '{table}' AND old ? '{was}'"
    )


def _rename_parts(table: str, was: str, now: str) -> None:
    """Constraints and indexes of a table whose names hold another's, or end in it."""
    op.execute(
        f"""
        DO $$ DECLARE each text; BEGIN
            FOR each IN SELECT conname FROM pg_constraint
                WHERE conrelid = '{table}'::regclass AND position('{was}' IN conname) > 0
                  AND ('{was}' NOT LIKE 'ck%' OR conname LIKE '%{was}') LOOP
                EXECUTE format('ALTER TABLE {table} RENAME CONSTRAINT %I TO %I',
                               each, replace(each, '{was}', '{now}'));
            END LOOP;
            FOR each IN SELECT indexrelid::regclass::text FROM pg_index
                WHERE indrelid = '{table}'::regclass
                  AND position('{was}' IN indexrelid::regclass::text) > 0 LOOP
                EXECUTE format('ALTER INDEX %I RENAME TO %I', each, replace(each, '{was}', '{now}'));
            END LOOP;
            FOR each IN SELECT pg_get_serial_sequence('{table}', attname) FROM pg_attribute
                WHERE attrelid = '{table}'::regclass AND attidentity <> ''
                  AND position('{was}' IN pg_get_serial_sequence('{table}', attname)) > 0 LOOP
                EXECUTE format('ALTER SEQUENCE %s RENAME TO %I', each,
                               replace(split_part(each, '.', 2), '{was}', '{now}'));
            END LOOP;
        END $$
        """
    )


def _rename_in_json(table: str, column: str, was: str, now: str) -> None:
    op.execute(
        f"UPDATE {table} SET {column} = "
        f"{column} - '{was}' || jsonb_build_object('{now}', {column} -> '{was}') "
        f"WHERE {column} ? '{was}'"
    )


def _rename_waiting(tasks: dict[str, str], queues: dict[str, str]) -> None:
    """Jobs that wait bear the names of their task and queue, and of the task in their lock."""
    for was, now in tasks.items():
        op.execute(
            f"UPDATE procrastinate.procrastinate_jobs SET task_name = '{now}', "
            f"lock = replace(lock, '{was}', '{now}'), "
            f"queueing_lock = replace(queueing_lock, '{was}', '{now}') WHERE task_name = '{was}'"
        )
    for was, now in queues.items():
        op.execute(
            f"UPDATE procrastinate.procrastinate_jobs SET queue_name = '{now}' "
            f"WHERE queue_name = '{was}'"
        )
