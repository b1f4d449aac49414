"""Counts of a plan, exact where the right to see them is held, else without the small ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# One cell per grid, one per community for what lies there in no grid, one for what lies in none.
# A house belongs to its grid's community; without a grid, to the one its point lies in; without a
# point, to the one the register names. An event in overlay mode counts in the exclusive grid.
CELLS = """
CREATE FUNCTION count_cells(asked bigint)
RETURNS TABLE (community_id bigint, grid_id bigint, houses bigint, households bigint, residents bigint,
               events bigint, open_events bigint)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
WITH scope AS (
    SELECT id AS plan_id, township_id FROM plan WHERE id = asked
), community AS (
    SELECT a.id, a.code, a.geom FROM area a JOIN scope ON a.parent_id = scope.township_id
), lives AS (
    SELECT f.house_id, count(*) AS households, sum(coalesce(r.residents, 0)) AS residents
    FROM household f JOIN scope ON f.township_id = scope.township_id
    LEFT JOIN (SELECT household_id, count(*) AS residents FROM resident GROUP BY 1) r
        ON r.household_id = f.id
    GROUP BY 1
), inside AS (
    SELECT a.grid_id, count(*) AS houses, sum(l.households) AS households, sum(l.residents) AS residents
    FROM house_grid a LEFT JOIN lives l ON l.house_id = a.house_id
    WHERE a.plan_id = asked AND a.grid_id IS NOT NULL GROUP BY 1
), outside AS (
    SELECT CASE WHEN h.geom IS NULL THEN h.community_id
                ELSE (SELECT c.id FROM community c WHERE ST_Covers(c.geom, h.geom)
                      ORDER BY c.code COLLATE "C" LIMIT 1) END AS community_id,
           count(*) AS houses, sum(l.households) AS households, sum(l.residents) AS residents
    FROM scope JOIN house h ON h.township_id = scope.township_id
    LEFT JOIN lives l ON l.house_id = h.id
    WHERE NOT EXISTS (SELECT FROM house_grid a
                      WHERE a.plan_id = asked AND a.house_id = h.id AND a.grid_id IS NOT NULL)
    GROUP BY 1
), happened AS (
    SELECT coalesce(a.exclusive_grid_id, a.grid_id) AS grid_id,
           CASE WHEN a.grid_id IS NOT NULL THEN NULL
                WHEN e.geom IS NULL THEN e.community_id
                ELSE (SELECT c.id FROM community c WHERE ST_Covers(c.geom, e.geom)
                      ORDER BY c.code COLLATE "C" LIMIT 1) END AS community_id,
           count(*) AS events, count(*) FILTER (WHERE e.closed_at IS NULL) AS open_events
    FROM scope JOIN event e ON e.township_id = scope.township_id
    LEFT JOIN event_grid a ON a.event_id = e.id AND a.plan_id = asked
    GROUP BY 1, 2
)
SELECT g.community_id, g.id, coalesce(i.houses, 0), coalesce(i.households, 0)::bigint,
       coalesce(i.residents, 0)::bigint, coalesce(e.events, 0), coalesce(e.open_events, 0)
FROM grid g LEFT JOIN inside i ON i.grid_id = g.id LEFT JOIN happened e ON e.grid_id = g.id
WHERE g.plan_id = asked
UNION ALL
SELECT c.id, NULL, coalesce(o.houses, 0), coalesce(o.households, 0)::bigint,
       coalesce(o.residents, 0)::bigint, coalesce(e.events, 0), coalesce(e.open_events, 0)
FROM (SELECT id FROM community UNION ALL SELECT NULL) c
LEFT JOIN outside o ON o.community_id IS NOT DISTINCT FROM c.id
LEFT JOIN happened e ON e.grid_id IS NULL AND e.community_id IS NOT DISTINCT FROM c.id
$$
"""

# A tree of sums: cells, parts (communities), the whole. Small numbers are hidden, and then more, until
# nothing hidden can be had by subtraction: of every number shown, what is hidden below it is three
# numbers or more, and without the largest of them still as many as may be shown. So neither the public
# nor somebody who knows one of them (a leader the own grid, a clerk the own community) finds another.
# Zero is nobody and is shown. The smallest number that helps is the next to go.
HIDE = """
CREATE FUNCTION hidden_counts(n bigint[], part int[], minimum int,
                              OUT cells boolean[], OUT parts boolean[], OUT whole boolean)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    m int := (SELECT max(p) FROM unnest(part) p);
    size int := cardinality(n);
    total bigint[] := array_fill(0::bigint, ARRAY[m]);
    hidden int[];
    hidden_sum bigint[];
    hidden_most bigint[];
    next_cell int[];
    next_part int;
    parts_hidden int;
    pool bigint;
    pool_most bigint;
    changed boolean;
    j int;
BEGIN
    cells := array_fill(false, ARRAY[size]);
    parts := array_fill(false, ARRAY[m]);
    whole := false;
    IF minimum <= 1 OR NOT EXISTS (SELECT FROM unnest(n) AS x WHERE x BETWEEN 1 AND minimum - 1) THEN
        RETURN;
    END IF;
    FOR i IN 1..size LOOP
        cells[i] := n[i] BETWEEN 1 AND minimum - 1;
        total[part[i]] := total[part[i]] + n[i];
    END LOOP;
    FOR k IN 1..m LOOP
        parts[k] := total[k] BETWEEN 1 AND minimum - 1;
    END LOOP;
    whole := (SELECT sum(t) FROM unnest(total) t) BETWEEN 1 AND minimum - 1;
    LOOP
        changed := false;
        hidden := array_fill(0, ARRAY[m]);
        hidden_sum := array_fill(0::bigint, ARRAY[m]);
        hidden_most := array_fill(0::bigint, ARRAY[m]);
        next_cell := array_fill(0, ARRAY[m]);
        FOR i IN 1..size LOOP
            j := part[i];
            IF cells[i] THEN
                hidden[j] := hidden[j] + 1;
                hidden_sum[j] := hidden_sum[j] + n[i];
                hidden_most[j] := greatest(hidden_most[j], n[i]);
            ELSIF n[i] > 0 AND (next_cell[j] = 0 OR n[i] < n[next_cell[j]]) THEN
                next_cell[j] := i;
            END IF;
        END LOOP;
        FOR k IN 1..m LOOP
            IF parts[k] THEN
                -- All of its cells shown would add up to it.
                CONTINUE WHEN hidden[k] > 0;
                cells[next_cell[k]] := true;
            ELSE
                CONTINUE WHEN hidden[k] = 0
                    OR (hidden[k] >= 3 AND hidden_sum[k] - hidden_most[k] >= minimum);
                IF next_cell[k] > 0 THEN
                    cells[next_cell[k]] := true;
                ELSE
                    parts[k] := true;
                END IF;
            END IF;
            changed := true;
        END LOOP;
        CONTINUE WHEN changed;
        EXIT WHEN whole;
        parts_hidden := 0;
        pool := 0;
        pool_most := 0;
        next_part := 0;
        j := 0;
        FOR k IN 1..m LOOP
            IF parts[k] THEN
                parts_hidden := parts_hidden + 1;
                pool := pool + hidden_sum[k];
                pool_most := greatest(pool_most, hidden_sum[k]);
                IF next_cell[k] > 0 AND (j = 0 OR n[next_cell[k]] < n[j]) THEN
                    j := next_cell[k];
                END IF;
            ELSIF total[k] > 0 AND (next_part = 0 OR total[k] < total[next_part]) THEN
                next_part := k;
            END IF;
        END LOOP;
        EXIT WHEN parts_hidden = 0 OR (parts_hidden >= 3 AND pool - pool_most >= minimum);
        IF parts_hidden >= 3 AND j > 0 THEN
            cells[j] := true;
        ELSIF next_part > 0 THEN
            parts[next_part] := true;
        ELSE
            whole := true;
        END IF;
    END LOOP;
END $$
"""

# Under another plan than the published one the same people are cut up otherwise, and the difference of
# two grids may be one house: to who may not see exact counts, no plan but the published one is counted.
COUNT = """
CREATE FUNCTION owns_the_store() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = 'resident'::regclass),
                       'MEMBER')
$$;
CREATE FUNCTION least_shown(asked bigint) RETURNS int LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
DECLARE
    p record;
BEGIN
    SELECT plan.township_id, plan.state, t.public_minimum INTO p
    FROM plan JOIN township t ON t.area_id = plan.township_id WHERE plan.id = asked;
    RETURN CASE WHEN owns_the_store() OR p.township_id = ANY (my_townships('see_counts')) THEN 0
                WHEN p.state = 'published' THEN p.public_minimum ELSE 2147483647 END;
END $$;
CREATE FUNCTION my_grids_of(asked bigint, wanted text) RETURNS bigint[] LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
DECLARE
    communities bigint[] := my_communities(wanted);
BEGIN
    RETURN ARRAY(
        SELECT g.id FROM grid g WHERE g.plan_id = asked AND g.community_id = ANY (communities)
        UNION
        SELECT g.id FROM appointments_with(wanted) m
        JOIN plan p ON p.township_id = m.area_id AND p.id = asked
        JOIN grid g ON g.plan_id = p.id AND g.code = m.grid_code);
END $$;
CREATE FUNCTION count_plan(asked bigint)
RETURNS TABLE (level text, community_id bigint, grid_id bigint, houses bigint, households bigint,
               residents bigint, events bigint, open_events bigint, uncovered_houses bigint,
               uncovered_residents bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    minimum int := least_shown(asked);
    grids bigint[] := my_grids_of(asked, 'see_counts');
    communities bigint[] := my_communities('see_counts');
BEGIN
    RETURN QUERY
    WITH cell AS MATERIALIZED (
        SELECT c.*, dense_rank() OVER (ORDER BY c.community_id)::int AS part,
               row_number() OVER (ORDER BY c.community_id, c.grid_id)::int AS n,
               coalesce(c.grid_id = ANY (grids) OR c.community_id = ANY (communities), false) AS known
        FROM count_cells(asked) c
    ), listed AS (
        SELECT array_agg(c.part ORDER BY c.n) AS part, array_agg(c.households ORDER BY c.n) AS households,
               array_agg(c.residents ORDER BY c.n) AS residents, array_agg(c.events ORDER BY c.n) AS events,
               array_agg(c.open_events ORDER BY c.n) AS open_events
        FROM cell c
    ), hidden AS MATERIALIZED (
        SELECT f.cells AS f_cells, f.parts AS f_parts, f.whole AS f_whole,
               r.cells AS r_cells, r.parts AS r_parts, r.whole AS r_whole,
               e.cells AS e_cells, e.parts AS e_parts, e.whole AS e_whole,
               o.cells AS o_cells, o.parts AS o_parts, o.whole AS o_whole
        FROM listed l, hidden_counts(l.households, l.part, minimum) f,
             hidden_counts(l.residents, l.part, minimum) r, hidden_counts(l.events, l.part, minimum) e,
             hidden_counts(l.open_events, l.part, minimum) o
    ), shown AS MATERIALIZED (
        SELECT c.community_id, c.grid_id, c.part, c.known, c.houses,
               CASE WHEN c.known OR NOT h.f_cells[c.n] THEN c.households END AS households,
               CASE WHEN c.known OR NOT h.r_cells[c.n] THEN c.residents END AS residents,
               CASE WHEN c.known OR NOT h.e_cells[c.n] THEN c.events END AS events,
               CASE WHEN c.known OR NOT h.o_cells[c.n] THEN c.open_events END AS open_events
        FROM cell c, hidden h
    ), outside AS (
        SELECT s.part, s.houses, s.residents FROM shown s WHERE s.grid_id IS NULL
    ), part AS (
        SELECT c.part, c.community_id, coalesce(c.community_id = ANY (communities), false) AS known,
               sum(c.houses)::bigint AS houses, sum(c.households)::bigint AS households,
               sum(c.residents)::bigint AS residents, sum(c.events)::bigint AS events,
               sum(c.open_events)::bigint AS open_events
        FROM cell c GROUP BY 1, 2
    )
    SELECT 'grid', s.community_id, s.grid_id, s.houses, s.households, s.residents, s.events,
           s.open_events, NULL::bigint, NULL::bigint
    FROM shown s WHERE s.grid_id IS NOT NULL
    UNION ALL
    SELECT 'community', p.community_id, NULL, p.houses,
           CASE WHEN p.known OR NOT h.f_parts[p.part] THEN p.households END,
           CASE WHEN p.known OR NOT h.r_parts[p.part] THEN p.residents END,
           CASE WHEN p.known OR NOT h.e_parts[p.part] THEN p.events END,
           CASE WHEN p.known OR NOT h.o_parts[p.part] THEN p.open_events END, o.houses, o.residents
    FROM part p JOIN outside o ON o.part = p.part, hidden h
    UNION ALL
    SELECT 'township', NULL, NULL, sum(p.houses)::bigint,
           CASE WHEN NOT bool_or(h.f_whole) THEN sum(p.households)::bigint END,
           CASE WHEN NOT bool_or(h.r_whole) THEN sum(p.residents)::bigint END,
           CASE WHEN NOT bool_or(h.e_whole) THEN sum(p.events)::bigint END,
           CASE WHEN NOT bool_or(h.o_whole) THEN sum(p.open_events)::bigint END,
           sum(o.houses)::bigint,
           CASE WHEN bool_and(o.residents IS NOT NULL) THEN sum(o.residents)::bigint END
    FROM part p JOIN outside o ON o.part = p.part, hidden h HAVING count(*) > 0;
END $$;
COMMENT ON FUNCTION count_plan(bigint) IS
    'runs as the owner: it counts rows that nobody may see, and hides what they would tell';
CREATE FUNCTION count_grid(asked bigint, wanted bigint)
RETURNS TABLE (houses bigint, households bigint, residents bigint, events bigint, open_events bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF least_shown(asked) > 0 AND wanted <> ALL (my_grids_of(asked, 'see_counts')) THEN
        -- What lies under an exclusive grid is counted in the basic one below, and not told apart.
        RETURN QUERY SELECT c.houses,
                            CASE WHEN NOT under.houses THEN c.households END,
                            CASE WHEN NOT under.houses THEN c.residents END, c.events, c.open_events
            FROM count_plan(asked) c, (SELECT EXISTS (
                SELECT FROM house_grid a WHERE a.exclusive_grid_id = wanted) AS houses) under
            WHERE c.grid_id = wanted;
        RETURN;
    END IF;
    RETURN QUERY
    WITH house_of AS (
        SELECT a.house_id FROM house_grid a WHERE a.plan_id = asked AND a.grid_id = wanted
        UNION SELECT a.house_id FROM house_grid a
        WHERE a.plan_id = asked AND a.exclusive_grid_id = wanted
    )
    SELECT (SELECT count(*) FROM house_of),
           (SELECT count(*) FROM house_of o JOIN household f ON f.house_id = o.house_id),
           (SELECT count(*) FROM house_of o JOIN household f ON f.house_id = o.house_id
            JOIN resident r ON r.household_id = f.id),
           count(*), count(*) FILTER (WHERE e.closed_at IS NULL)
    FROM event_grid a JOIN event e ON e.id = a.event_id
    WHERE a.plan_id = asked AND coalesce(a.exclusive_grid_id, a.grid_id) = wanted;
END $$;
COMMENT ON FUNCTION count_grid(bigint, bigint) IS
    'runs as the owner: as count_plan does'
"""
FUNCTIONS = (
    "count_grid(bigint, bigint)", "count_plan(bigint)", "my_grids_of(bigint, text)",
    "least_shown(bigint)", "owns_the_store()", "hidden_counts(bigint[], int[], int)",
    "count_cells(bigint)",
)  # fmt: skip


def upgrade() -> None:
    op.add_column(
        "township",
        sa.Column("public_minimum", sa.Integer(), server_default=sa.text("5"), nullable=False),
    )
    op.create_check_constraint("ck_township_public_minimum", "township", "public_minimum >= 0")
    run = op.get_bind().exec_driver_sql
    for statements in (CELLS, HIDE, COUNT):
        run(statements)


def downgrade() -> None:
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.drop_column("township", "public_minimum")
