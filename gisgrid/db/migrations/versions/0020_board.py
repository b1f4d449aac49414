"""The board hears of every step; clocks turn in place; who dispatches may move a pin."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# Numbers only, since whoever may connect may listen: step, case, number of the step, and the ground by
# which a stream knows whom to tell. A notification has 8,000 bytes; of very many it says no more than
# that. Every transaction below ``xmin`` had ended before this one: it tells how far back is to be looked
# by whoever missed something.
TELL = """
CREATE FUNCTION tell_steps() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    told jsonb;
    newest bigint;
    many boolean;
BEGIN
    SELECT max(id), count(*) > 50 INTO newest, many FROM fresh;
    IF newest IS NULL THEN
        RETURN NULL;
    END IF;
    IF NOT many THEN
        SELECT jsonb_agg(jsonb_build_array(s.case_id, s.seq, c.township_id, e.community_id,
            a.grid_id, a.exclusive_grid_id) ORDER BY s.id) INTO told
        FROM fresh s JOIN event_case c ON c.id = s.case_id JOIN event e ON e.id = c.event_id
        LEFT JOIN plan p ON p.township_id = c.township_id AND p.state = 'published'
        LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id;
    END IF;
    PERFORM pg_notify('cases_changed', jsonb_build_object('step', newest,
        'xmin', pg_snapshot_xmin(pg_current_snapshot())::text, 'cases', told)::text);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_steps() IS
    'runs as the owner: reads where a case lies, of which the one who reports may see nothing';
DROP TRIGGER tell_change ON case_step;
CREATE TRIGGER tell_steps AFTER INSERT ON case_step REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_steps();
GRANT SELECT ON SEQUENCE case_step_id_seq TO gisgrid_web
"""
# The first condition needs no look at the event: a board reads all cases of a township.
CASE = """
DROP POLICY seen ON event_case;
CREATE POLICY seen ON event_case FOR SELECT USING ({first}EXISTS (
    SELECT FROM event e WHERE e.id = event_case.event_id))
"""
OF_TOWNSHIP = "township_id = ANY ((SELECT my_townships('see_events'))::bigint[]) OR "
# A coordinator moves pins, and has no right to handle.
MOVERS = """
DROP POLICY changed ON event;
CREATE POLICY changed ON event FOR UPDATE USING (id = my_report() OR {may});
DROP POLICY changed ON event_grid;
CREATE POLICY changed ON event_grid FOR UPDATE USING ({may});
DROP POLICY added ON event_grid;
CREATE POLICY added ON event_grid FOR INSERT WITH CHECK ({may});
DROP POLICY gone ON event_grid;
CREATE POLICY gone ON event_grid FOR DELETE USING ({may})
"""
HANDLES, DISPATCHES = "(SELECT has_right('handle_events'))", "(SELECT has_right('dispatch'))"


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run(TELL)
    run(CASE.format(first=OF_TOWNSHIP))
    run(MOVERS.format(may=f"({HANDLES} OR {DISPATCHES})"))
    # Room on each page for the new version of its rows: a clock that turns touches no index.
    run("ALTER TABLE case_clock SET (fillfactor = 45)")


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run("ALTER TABLE case_clock RESET (fillfactor)")
    run(MOVERS.format(may=HANDLES))
    run(CASE.format(first=""))
    run("DROP TRIGGER tell_steps ON case_step")
    run("DROP FUNCTION tell_steps()")
    run(
        "CREATE TRIGGER tell_change AFTER INSERT ON case_step FOR EACH STATEMENT "
        "EXECUTE FUNCTION tell_change('cases_changed')"
    )
    run("REVOKE SELECT ON SEQUENCE case_step_id_seq FROM gisgrid_web")
