"""Answers about a plan are kept until the data changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gisgrid.db.migrations.protect import of_township, protect

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Every load leaves an import run, and every other change of a row one in the history. Numbers may
# come to light in another order than they were given, so the last ones are counted, too.
VERSION = """
CREATE FUNCTION study_version(asked bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
WITH p AS (SELECT id, township_id, based_on_id FROM plan WHERE id = asked)
SELECT left(md5(concat_ws('|',
    (SELECT concat(count(*), '.', max(id)) FROM import_run),
    (SELECT concat(count(*), '.', max(id)) FROM history
     WHERE id > (SELECT max(id) - 10000 FROM history)),
    (SELECT concat(count(*), '.', max(id)) FROM event
     WHERE id > (SELECT max(id) - 10000 FROM event)),
    (SELECT max(id) FROM house), (SELECT max(id) FROM household), (SELECT max(id) FROM resident),
    (SELECT max(id) FROM area), (SELECT max(id) FROM visit), (SELECT max(id) FROM station),
    (SELECT max(id) FROM team_member), (SELECT max(id) FROM workload_weights),
    (SELECT md5(t::text) FROM township t JOIN p ON p.township_id = t.area_id),
    (SELECT md5(string_agg(concat_ws('|', g.plan_id, g.code, g.name, g.kind, g.community_id, g.host,
                                     md5(ST_AsBinary(g.geom))), ',' ORDER BY g.id))
     FROM grid g JOIN p ON g.plan_id IN (p.id, p.based_on_id))
)), 16)
$$;
COMMENT ON FUNCTION study_version(bigint) IS
    'runs as the owner: a fingerprint of all rows, whoever asks, tells nothing about one'
"""
ASK = """
CREATE FUNCTION ask_study(asked bigint, asked_kind text, asked_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM plan WHERE id = asked AND township_id = ANY (my_townships('plan'))) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    INSERT INTO study (plan_id, kind, day, asked_at) VALUES (asked, asked_kind, asked_day, now())
    ON CONFLICT (plan_id, kind, day) DO UPDATE SET asked_at = coalesce(study.asked_at, now());
END $$;
COMMENT ON FUNCTION ask_study(bigint, text, date) IS
    'runs as the owner: who asks for an answer may not write one';
REVOKE EXECUTE ON FUNCTION ask_study(bigint, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ask_study(bigint, text, date) TO gisgrid_web;
GRANT EXECUTE ON FUNCTION study_version(bigint) TO gisgrid_web
"""
SEEN = protect(
    "study",
    using="EXISTS (SELECT FROM plan p WHERE p.id = :table.plan_id AND "
    f"{of_township('plan', 'p.township_id')})",
)


def upgrade() -> None:
    op.create_table(
        "study",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("body", sa.Text()),
        sa.Column("fingerprint", sa.Text()),
        sa.Column("made_at", sa.DateTime(timezone=True)),
        sa.Column("took_s", sa.Float()),
        sa.Column("asked_at", sa.DateTime(timezone=True)),
        sa.Column("step", sa.Integer()),
        sa.Column("steps", sa.Integer()),
        sa.Column("doing", sa.Text()),
        sa.Column(
            "told_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("failed", sa.Text()),
        sa.Column("failed_zh", sa.Text()),
        sa.Column("failed_fingerprint", sa.Text()),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], ondelete="CASCADE", name="fk_study_plan_id"
        ),
        sa.PrimaryKeyConstraint("plan_id", "kind", "day", name="pk_study"),
    )
    # Past SQLAlchemy, to which a colon in a text is a parameter.
    run = op.get_bind().exec_driver_sql
    for statements in (VERSION, ASK, SEEN):
        run(statements)


def downgrade() -> None:
    op.execute("DROP FUNCTION ask_study(bigint, text, date)")
    op.execute("DROP FUNCTION study_version(bigint)")
    op.drop_table("study")
