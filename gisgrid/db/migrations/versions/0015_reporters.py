"""Opening an event tells who reported it and how to reach them, too."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UNMASK = """
DROP FUNCTION unmask_event(bigint[]);
CREATE FUNCTION unmask_event(ids bigint[]) RETURNS TABLE (id bigint, text text, address text{columns})
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_ids bigint[];
BEGIN
    PERFORM must_say_why('see_events');
    found_ids := ARRAY(SELECT e.id FROM event e WHERE e.id = ANY (ids) ORDER BY 1);
    IF cardinality(found_ids) > 0 THEN
        PERFORM audit('unmask', 'event', found_ids);
    END IF;
    RETURN QUERY SELECT e.id, e.text, e.address{more} FROM event e
        WHERE e.id = ANY (found_ids) ORDER BY 1;
END $$;
REVOKE EXECUTE ON FUNCTION unmask_event(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unmask_event(bigint[]) TO gisgrid_web
"""


def upgrade() -> None:
    op.execute(
        UNMASK.format(columns=", reporter text, contact text", more=", e.reporter, e.contact")
    )


def downgrade() -> None:
    op.execute(UNMASK.format(columns="", more=""))
