"""Why something failed is kept as a sentence with its facts, to be said in the reader's language.

What is there is kept in its two languages.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from alembic import op
from sqlalchemy import text

revision = "0017_one_catalogue"
down_revision = "0016_field_terms"
branch_labels = None
depends_on = None

_TABLES = ("job", "study", "file_import", "office_job", "backup_drill", "outbox_delivery")


def upgrade() -> None:
    for table in _TABLES:
        op.execute(
            f"UPDATE {table} SET failed = jsonb_build_object('said', jsonb_build_object("
            "'en', failed, 'zh', coalesce(failed_zh, failed)))::text WHERE failed IS NOT NULL"
        )
        op.execute(f"ALTER TABLE {table} DROP COLUMN failed_zh")
    _results("job", "result", _as_facts)
    for column in ("checked", "imported"):
        _results("file_import", column, _report_as_facts)
    op.execute(
        """
        UPDATE plan p SET recipe = p.recipe - 'reasons_zh' || jsonb_build_object('reasons', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'en', r.said, 'zh', coalesce(p.recipe -> 'reasons_zh' ->> (r.n - 1)::integer, r.said))
                ORDER BY r.n), '[]')
            FROM jsonb_array_elements_text(p.recipe -> 'reasons') WITH ORDINALITY r (said, n)))
        WHERE p.recipe ? 'reasons'
        """
    )
    op.execute("ALTER TABLE outbox_person DROP CONSTRAINT ck_outbox_person_language")
    op.execute(
        "ALTER TABLE outbox_person ADD CONSTRAINT ck_outbox_person_language "
        "CHECK (language ~ '^[a-z]{2,3}$')"
    )


def downgrade() -> None:
    op.execute("UPDATE outbox_person SET language = 'en' WHERE language NOT IN ('zh', 'en')")
    op.execute("ALTER TABLE outbox_person DROP CONSTRAINT ck_outbox_person_language")
    op.execute(
        "ALTER TABLE outbox_person ADD CONSTRAINT ck_outbox_person_language "
        "CHECK (language IN ('zh', 'en'))"
    )
    op.execute(
        """
        UPDATE plan p SET recipe = p.recipe || jsonb_build_object(
            'reasons', (SELECT coalesce(jsonb_agg(coalesce(r ->> 'en', r ->> 'template')), '[]')
                        FROM jsonb_array_elements(p.recipe -> 'reasons') r),
            'reasons_zh', (SELECT coalesce(jsonb_agg(coalesce(r ->> 'zh', r ->> 'template')), '[]')
                           FROM jsonb_array_elements(p.recipe -> 'reasons') r))
        WHERE p.recipe ? 'reasons'
        """
    )
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ADD COLUMN failed_zh text")
        op.execute(
            f"UPDATE {table} SET failed_zh = coalesce(failed::jsonb -> 'said' ->> 'zh', "
            "failed::jsonb -> 'said' ->> 'template'), failed = coalesce(failed::jsonb -> 'said' ->> 'en', "
            "failed::jsonb -> 'said' ->> 'template') WHERE failed IS NOT NULL"
        )


def _results(table: str, column: str, change: Callable[[Any], Any]) -> None:
    bind = op.get_bind()
    rows = bind.execute(text(f"SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL")).all()
    for row in rows:
        if (changed := change(row[1])) != row[1]:
            bind.execute(
                text(f"UPDATE {table} SET {column} = CAST(:value AS jsonb) WHERE id = :id"),
                {"id": row[0], "value": json.dumps(changed, ensure_ascii=False)},
            )


def _pair(said: Any) -> Any:
    return {"en": said[0], "zh": said[1]} if isinstance(said, list) and len(said) == 2 else said


def _as_facts(result: Any) -> Any:
    """A proposal, a check or a preview with its pairs of English and Chinese as facts by language."""
    result = dict(result)
    for name in ("reasons", "notes"):
        if name in result:
            result[name] = [_pair(said) for said in result[name]]
    if "left_out" in result:
        result["left_out"] = [
            {**{k: v for k, v in left.items() if k not in ("en", "zh")},
             "said": {"en": left["en"], "zh": left["zh"]}}
            if "en" in left else left
            for left in result["left_out"]
        ]  # fmt: skip
    if "checks" in result:
        result["checks"] = [
            {**check, "title": _pair(check["title"]), "findings": [
                {**f, "text": _pair(f["text"]), "fix": _pair(f["fix"])} for f in check["findings"]
            ]}
            for check in result["checks"]
        ]  # fmt: skip
    if result.get("refused"):
        result["refused"] = {**result["refused"], "text": _pair(result["refused"]["text"])}
    return result


def _report_as_facts(report: Any) -> Any:
    verdict = report.get("verdict")
    if not verdict or "en" not in verdict:
        return report
    rest = {k: v for k, v in verdict.items() if k not in ("en", "zh")}
    return {**report, "verdict": {**rest, "said": {"en": verdict["en"], "zh": verdict["zh"]}}}
