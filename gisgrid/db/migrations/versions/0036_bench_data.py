"""A planner's scenario at hand is read again when teams, stations, trainings or settings changed, too."""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0057"
branch_labels = None
depends_on = None

# Numbers may come to light in another order than they were given, so the last ones are counted, too.
NOW = """
CREATE OR REPLACE FUNCTION newest_rows() RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT ARRAY[
        (SELECT max(id) FROM history),
        (SELECT count(*) FROM history WHERE id > (SELECT max(id) - 1000 FROM history)),
        (SELECT max(id) FROM import_run), (SELECT count(*) FROM import_run),
        (SELECT max(id) FROM event),
        (SELECT count(*) FROM event WHERE id > (SELECT max(id) - 1000 FROM event)),
        (SELECT max(id) FROM house), (SELECT max(id) FROM household), (SELECT max(id) FROM resident),
        (SELECT max(id) FROM visit), (SELECT max(id) FROM station), (SELECT max(id) FROM team_member),
        (SELECT max(id) FROM training), (SELECT count(*) FROM training_attendee),
        (SELECT max(id) FROM workload_weights),
        (SELECT hashtextextended(string_agg(t::text, '|' ORDER BY t.area_id), 0) FROM township t)
    ]
$$
"""
BEFORE = """
CREATE OR REPLACE FUNCTION newest_rows() RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT ARRAY[(SELECT max(id) FROM history), (SELECT max(id) FROM import_run),
                 (SELECT max(id) FROM house), (SELECT max(id) FROM event)]
$$
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(NOW)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(BEFORE)
