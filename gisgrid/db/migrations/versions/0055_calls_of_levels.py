"""A call is to a level of an area, and only whoever stands there takes note of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0047"
branch_labels = None
depends_on = None

ME = "(SELECT k.name FROM account k WHERE k.id = my_account())"
# Whoever holds a community as its section's cadre stands at the section, everybody else there at it.
LEVEL = """CASE WHEN a.level = 'township' THEN 'township'
    WHEN m.role = 'section_cadre' THEN 'section' ELSE 'community' END || ':' || a.id"""
LEVELS = f"""
CREATE FUNCTION my_levels(wanted text) RETURNS text[] LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT {LEVEL} FROM appointments_with(wanted) m JOIN area a ON a.id = m.area_id
        WHERE m.grid_code IS NULL AND a.level IN ('township', 'community'));
END $$
"""
OWN = "level || ':' || area_id = ANY ((SELECT my_levels('handle_events'))::text[])"

# Where the case lies; one in no grid and no community called nobody below the township.
AREAS = """
UPDATE notice n SET key = n.key || ':' || lies.area_id, area_id = lies.area_id
FROM (
    SELECT n.id, CASE WHEN n.level = 'township' THEN n.township_id
                      ELSE coalesce(g.community_id, e.community_id) END AS area_id
    FROM notice n JOIN event_case c ON c.id = n.case_id JOIN event e ON e.id = c.event_id
    LEFT JOIN plan_in_force p ON p.township_id = n.township_id
    LEFT JOIN event_grid x ON x.plan_id = p.id AND x.event_id = e.id
    LEFT JOIN grid g ON g.id = x.grid_id
    WHERE n.kind = 'call'
) lies
WHERE lies.id = n.id AND lies.area_id IS NOT NULL
"""
REVIEWS = "UPDATE notice SET area_id = township_id WHERE kind = 'review'"
# What another level noted was not noted here: it waits again, as long as the case is open.
NOT_THEIRS = f"""
SELECT n.id FROM notice n JOIN event_case c ON c.id = n.case_id AND c.open
WHERE n.kind = 'call' AND n.seen_at IS NOT NULL AND n.area_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM account k JOIN appointment m ON m.account_id = k.id AND m.grid_code IS NULL
    JOIN area a ON a.id = m.area_id AND a.level IN ('township', 'community')
    JOIN role_right r ON r.role = m.role AND r.right_name = 'handle_events'
    JOIN township t ON t.area_id = n.township_id
    WHERE k.name = n.seen_by AND m.during @> (n.seen_at AT TIME ZONE t.time_zone)::date
      AND {LEVEL} = n.level || ':' || n.area_id)
"""
# Whoever noted it at the township did take note for the township.
MOVED_UP = f"""
UPDATE notice n SET seen_at = first.seen_at, seen_by = first.seen_by
FROM (
    SELECT DISTINCT ON (b.case_id) b.case_id, b.seen_at, b.seen_by
    FROM notice b JOIN township t ON t.area_id = b.township_id
    JOIN account k ON k.name = b.seen_by
    JOIN appointment m ON m.account_id = k.id AND m.grid_code IS NULL AND m.area_id = b.township_id
        AND m.during @> (b.seen_at AT TIME ZONE t.time_zone)::date
    JOIN role_right r ON r.role = m.role AND r.right_name = 'handle_events'
    WHERE b.id IN ({NOT_THEIRS}) ORDER BY b.case_id, b.seen_at, b.id
) first
WHERE n.case_id = first.case_id AND n.kind = 'call' AND n.level = 'township' AND n.seen_at IS NULL
"""
REOPENED = f"UPDATE notice SET seen_at = NULL, seen_by = NULL WHERE id IN ({NOT_THEIRS})"

SEEN = "EXISTS (SELECT FROM event_case c WHERE c.id = notice.case_id)"
BEFORE = f"""(township_id = ANY ((SELECT my_townships('handle_events'))::bigint[])) OR (level IN (
    SELECT CASE m.role WHEN 'community_clerk' THEN 'community' WHEN 'section_cadre' THEN 'section' END
    FROM appointment m
    WHERE m.account_id = my_account() AND m.grid_code IS NULL AND m.during @> today_in(m.area_id))
    AND cardinality((SELECT my_communities('handle_events'))) > 0 AND {SEEN})"""


def upgrade() -> None:
    op.add_column("notice", sa.Column("area_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key("fk_notice_area_id", "notice", "area", ["area_id"], ["id"])
    for statement in (AREAS, REVIEWS, MOVED_UP, REOPENED, LEVELS):
        op.get_bind().exec_driver_sql(statement)
    _policy(OWN)


def downgrade() -> None:
    _policy(BEFORE)
    op.execute("DROP FUNCTION my_levels(text)")
    op.execute(
        "UPDATE notice SET key = regexp_replace(key, ':[0-9]+$', '') "
        "WHERE kind = 'call' AND area_id IS NOT NULL"
    )
    op.drop_column("notice", "area_id")


def _policy(own: str) -> None:
    op.get_bind().exec_driver_sql(
        "DROP POLICY changed ON notice; CREATE POLICY changed ON notice FOR UPDATE "
        f"USING ({own}) WITH CHECK (seen_by = {ME})"
    )
