"""A database role for the planner's bench: whole townships, no person, only where the right is held."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Read as the web reads them; nothing in these is about a person.
READ = (
    "area", "township", "street", "house", "matter_list", "matter", "station", "workload_weights",
    "team_member", "training", "address_street", "address_key", "role_right",
)  # fmt: skip
DRAWN = (
    "plan", "grid", "house_grid", "event_grid", "scenario_move", "scenario_lock", "plan_step",
    "grid_successor", "job",
)  # fmt: skip
"""What the bench writes; all but ``plan`` itself hang on a plan."""
OPEN = ("plan", "grid", "house_grid")
"""Of those, what everybody may read."""
MINE = """(township_id = ANY ((SELECT my_townships('plan'))::bigint[])
    OR township_id = ANY ((SELECT my_townships('review'))::bigint[]))"""
MY_PLANS = "plan_id = ANY ((SELECT my_plans())::bigint[])"

FUNCTIONS = """
CREATE FUNCTION my_plans() RETURNS bigint[] LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
DECLARE
    townships bigint[] := my_townships('plan') || my_townships('review');
BEGIN
    RETURN ARRAY(SELECT id FROM plan WHERE township_id = ANY (townships));
END $$;
CREATE FUNCTION house_loads(asked bigint, until date)
RETURNS TABLE (house_id bigint, households bigint, residents bigint, last_visit date,
               living_alone bigint, disabled bigint, child_alone bigint, chronic_illness bigint,
               low_income bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20000 SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF NOT (owns_the_store() OR asked = ANY (my_townships('plan') || my_townships('review'))) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    RETURN QUERY
    WITH lives AS (
        SELECT f.house_id, max(f.verified_on) FILTER (WHERE f.verified_on <= until) AS verified_on,
               count(*) AS households
        FROM household f WHERE f.township_id = asked GROUP BY f.house_id
    ), people AS (
        SELECT f.house_id, count(*) AS residents,
               count(*) FILTER (WHERE 'living_alone' = ANY (r.needs)) AS living_alone,
               count(*) FILTER (WHERE 'disabled' = ANY (r.needs)) AS disabled,
               count(*) FILTER (WHERE 'child_alone' = ANY (r.needs)) AS child_alone,
               count(*) FILTER (WHERE 'chronic_illness' = ANY (r.needs)) AS chronic_illness,
               count(*) FILTER (WHERE 'low_income' = ANY (r.needs)) AS low_income
        FROM household f JOIN resident r ON r.household_id = f.id WHERE f.township_id = asked
        GROUP BY f.house_id
    ), seen AS (
        SELECT v.house_id, max(v.visited_on) AS visited_on
        FROM visit v WHERE v.township_id = asked AND v.visited_on <= until GROUP BY v.house_id
    )
    SELECT house_id, coalesce(lives.households, 0), coalesce(people.residents, 0),
           greatest(seen.visited_on, lives.verified_on), coalesce(people.living_alone, 0),
           coalesce(people.disabled, 0), coalesce(people.child_alone, 0),
           coalesce(people.chronic_illness, 0), coalesce(people.low_income, 0)
    FROM lives LEFT JOIN people USING (house_id) FULL JOIN seen USING (house_id);
END $$;
COMMENT ON FUNCTION house_loads(bigint, date) IS
    'runs as the owner: it counts people for whoever plans, who may see none of them';
CREATE FUNCTION newest_rows() RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT ARRAY[(SELECT max(id) FROM history), (SELECT max(id) FROM import_run),
                 (SELECT max(id) FROM house), (SELECT max(id) FROM event)]
$$;
COMMENT ON FUNCTION newest_rows() IS
    'runs as the owner: that something changed tells nothing about what';
CREATE FUNCTION hold_township(asked bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM township WHERE area_id = asked FOR UPDATE;
END $$;
COMMENT ON FUNCTION hold_township(bigint) IS
    'runs as the owner: who waits for a row need not be allowed to change it'
"""
CALLED = ("house_loads(bigint, date)", "newest_rows()", "hold_township(bigint)")
JOBS = """
GRANT USAGE ON SCHEMA procrastinate TO gisgrid_planner;
GRANT SELECT (id), INSERT ON procrastinate.procrastinate_jobs TO gisgrid_planner;
GRANT INSERT (job_id, type) ON procrastinate.procrastinate_events TO gisgrid_planner;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA procrastinate TO gisgrid_planner
"""
# The columns that name nobody, and the rows of one's townships.
SEEN = f"""
GRANT SELECT (id, township_id, code, matter_id, reported_at, due_at, closed_at, source, community_id,
              grid_code, geom, place, asset_id), UPDATE (grid_code) ON event TO gisgrid_planner;
CREATE POLICY planned ON event FOR SELECT TO gisgrid_planner USING ({MINE});
CREATE POLICY attached ON event FOR UPDATE TO gisgrid_planner USING ({MINE});
GRANT SELECT (id, township_id, code, grid_code) ON asset TO gisgrid_planner;
CREATE POLICY planned ON asset FOR SELECT TO gisgrid_planner USING ({MINE});
-- A file of grids leaves its run.
GRANT SELECT (id, kind, township), INSERT, UPDATE (counts), DELETE ON import_run TO gisgrid_planner;
CREATE POLICY drawn ON import_run TO gisgrid_planner USING (kind = 'grids' AND township IN (
    SELECT code FROM area WHERE id = ANY ((SELECT my_townships('plan'))::bigint[])));
-- Whose the account is, which that policy asks, is not for this role.
ALTER POLICY seen ON training_attendee TO gisgrid_web, gisgrid_views;
GRANT SELECT ON training_attendee TO gisgrid_planner;
CREATE POLICY planned ON training_attendee FOR SELECT TO gisgrid_planner USING (
    EXISTS (SELECT FROM training t WHERE t.id = training_id AND t.{MINE[1:-1].replace("OR ", "OR t.")}))
"""


def upgrade() -> None:
    # Past SQLAlchemy, to which a colon in a text is a parameter.
    run = op.get_bind().exec_driver_sql
    run(FUNCTIONS)
    for function in CALLED:
        run(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        run(f"GRANT EXECUTE ON FUNCTION {function} TO gisgrid_planner")
    run(f"GRANT SELECT ON {', '.join(READ)} TO gisgrid_planner")
    run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(DRAWN)} TO gisgrid_planner")
    for table in DRAWN:
        run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        if table in OPEN:
            run(f"CREATE POLICY seen ON {table} FOR SELECT USING (true)")
        rows = MINE if table == "plan" else MY_PLANS
        run(f"CREATE POLICY drawn ON {table} TO gisgrid_planner USING ({rows})")
    run(SEEN)
    run(JOBS)


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for table in DRAWN:
        run(f"DROP POLICY drawn ON {table}")
        if table in OPEN:
            run(f"DROP POLICY seen ON {table}")
        if table != "event_grid":
            run(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for table in ("event", "asset", "training_attendee"):
        run(f"DROP POLICY planned ON {table}")
    run("ALTER POLICY seen ON training_attendee TO PUBLIC")
    run("DROP POLICY attached ON event")
    run("DROP POLICY drawn ON import_run")
    for schema in ("public", "procrastinate"):
        run(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM gisgrid_planner")
    run("REVOKE ALL ON ALL SEQUENCES IN SCHEMA procrastinate FROM gisgrid_planner")
    run("REVOKE ALL ON SCHEMA procrastinate FROM gisgrid_planner")
    for function in (*CALLED, "my_plans()"):
        run(f"DROP FUNCTION {function}")
