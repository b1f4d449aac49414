"""Whether an event waits for its case is known without a look at each."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

# A case has an event, and an event at most one case: equal numbers, and none lacks. Both are counted by
# their indexes alone.
ALL_HAVE_CASES = """
CREATE FUNCTION all_have_cases() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT (SELECT count(*) FROM event) = (SELECT count(*) FROM event_case)
$$;
COMMENT ON FUNCTION all_have_cases() IS
    'runs as the owner: that no event waits for its case tells nothing about one'
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(ALL_HAVE_CASES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql("DROP FUNCTION all_have_cases()")
