-- How the register of a plan's township stands on a day: per grid, per community, and as a whole, as far as whoever asks
-- may see registers. `recent` days back count as recently verified or visited; a lived-in house that was seen longer than
-- `late` days ago, or for which the agreed day has come, is overdue. Ages and who lives alone are hidden where they are
-- few, from who may not open registers there, and the number of visits from who sees none. A house under an exclusive grid
-- is of that grid alone. A row without a grid is of houses in no grid.
CREATE OR REPLACE FUNCTION count_register(asked bigint, day date, recent int, late int)
RETURNS TABLE (
    level text, community_id bigint, grid_id bigint, houses bigint, lived_in bigint, households bigint, residents bigint,
    verified bigint, visits bigint, overdue bigint, last_on date, under_18 bigint, under_60 bigint, under_80 bigint,
    from_80 bigint, age_unknown bigint, alone bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    town bigint := (SELECT p.township_id FROM plan p WHERE p.id = asked);
    minimum int := (SELECT t.public_minimum FROM township t WHERE t.area_id = town);
    towns bigint[] := my_townships('see_register');
    communities bigint[] := my_communities('see_register');
    grids bigint[] := my_grids_of(asked, 'see_register');
    born_18 date := day - interval '18 years';
    born_60 date := day - interval '60 years';
    born_80 date := day - interval '80 years';
    sees_visits boolean := EXISTS (SELECT FROM appointments_with('see_visits'));
    opens_towns bigint[] := my_townships('unmask');
    opens_communities bigint[] := my_communities('unmask');
    opens_grids bigint[] := my_grids_of(asked, 'unmask');
BEGIN
    RETURN QUERY
    WITH lives AS MATERIALIZED (
        SELECT f.house_id, count(*) AS households, max(f.verified_on) FILTER (WHERE f.verified_on <= day) AS newest,
               count(*) FILTER (WHERE f.verified_on > day - recent AND f.verified_on <= day) AS verified
        FROM household f WHERE f.township_id = town GROUP BY 1
    ), seen AS MATERIALIZED (
        -- The last visit and the day it agreed on as one array: sorted once a house they take three times as long.
        SELECT v.house_id, max(v.visited_on) AS visited_on, count(*) FILTER (WHERE v.visited_on > day - recent) AS visits,
               day + (max(ARRAY[v.visited_on - day, v.id, v.next_on - day]))[3]::int AS next_on
        FROM visit v WHERE v.township_id = town AND v.visited_on <= day GROUP BY 1
    ), placed AS MATERIALIZED (
        SELECT h.id, g.id AS grid_id,
               CASE WHEN g.id IS NOT NULL THEN g.community_id WHEN h.geom IS NULL THEN h.community_id
                    ELSE (SELECT c.id FROM area c WHERE c.parent_id = town AND ST_Covers(c.geom, h.geom)
                          ORDER BY c.code COLLATE "C" LIMIT 1) END AS community_id
        FROM house h LEFT JOIN grid_of_house a ON a.plan_id = asked AND a.house_id = h.id
        LEFT JOIN grid g ON g.id = a.grid_id WHERE h.township_id = town
    ), people AS MATERIALIZED (
        SELECT o.community_id, o.grid_id, count(*) AS residents,
               count(*) FILTER (WHERE r.birth_date > born_18) AS a0,
               count(*) FILTER (WHERE r.birth_date <= born_18 AND r.birth_date > born_60) AS a18,
               count(*) FILTER (WHERE r.birth_date <= born_60 AND r.birth_date > born_80) AS a60,
               count(*) FILTER (WHERE r.birth_date <= born_80) AS a80,
               count(*) FILTER (WHERE r.birth_date IS NULL) AS unknown,
               count(*) FILTER (WHERE 'living_alone' = ANY (r.needs)) AS alone
        FROM resident r JOIN household f ON f.id = r.household_id JOIN placed o ON o.id = f.house_id
        WHERE r.township_id = town GROUP BY 1, 2
    ), summed AS (
        SELECT o.community_id, o.grid_id, count(*) AS houses, count(l.house_id) AS lived_in,
               sum(l.households) AS households, sum(l.verified) AS verified, sum(s.visits) AS visits,
               count(*) FILTER (WHERE l.house_id IS NOT NULL AND CASE WHEN s.next_on IS NOT NULL THEN s.next_on <= day
                   ELSE (day - greatest(s.visited_on, l.newest) <= late) IS NOT TRUE END) AS overdue,
               max(greatest(s.visited_on, l.newest)) AS last_on
        FROM placed o LEFT JOIN lives l ON l.house_id = o.id LEFT JOIN seen s ON s.house_id = o.id GROUP BY 1, 2
    ), cell AS MATERIALIZED (
        SELECT e.community_id, e.grid_id, coalesce(s.houses, 0) AS houses, coalesce(s.lived_in, 0) AS lived_in,
               coalesce(s.households, 0)::bigint AS households, coalesce(w.residents, 0)::bigint AS residents,
               coalesce(s.verified, 0)::bigint AS verified, coalesce(s.visits, 0)::bigint AS visits,
               coalesce(s.overdue, 0) AS overdue, s.last_on, coalesce(w.a0, 0)::bigint AS a0, coalesce(w.a18, 0)::bigint AS a18,
               coalesce(w.a60, 0)::bigint AS a60, coalesce(w.a80, 0)::bigint AS a80, coalesce(w.unknown, 0)::bigint AS unknown,
               coalesce(w.alone, 0)::bigint AS alone,
               dense_rank() OVER (ORDER BY e.community_id)::int AS part,
               row_number() OVER (ORDER BY e.community_id, e.grid_id)::int AS n
        FROM (SELECT g.community_id, g.id AS grid_id FROM grid g WHERE g.plan_id = asked
              UNION SELECT s.community_id, s.grid_id FROM summed s) e
        LEFT JOIN summed s ON s.grid_id IS NOT DISTINCT FROM e.grid_id AND s.community_id IS NOT DISTINCT FROM e.community_id
        LEFT JOIN people w ON w.grid_id IS NOT DISTINCT FROM e.grid_id AND w.community_id IS NOT DISTINCT FROM e.community_id
    ), listed AS (
        SELECT array_agg(c.part ORDER BY c.n) AS part, array_agg(c.alone ORDER BY c.n) AS alone,
               (SELECT array_agg(x.v ORDER BY d.n, x.k) FROM cell d,
                    LATERAL (VALUES (1, d.a0), (2, d.a18), (3, d.a60), (4, d.a80), (5, d.unknown)) x(k, v)) AS ages
        FROM cell c
    ), hidden AS MATERIALIZED (
        SELECT a.cells AS a_cells, a.parts AS a_parts, a.whole AS a_whole, o.cells AS o_cells, o.parts AS o_parts,
               o.whole AS o_whole
        FROM listed l, hidden_rows(l.ages, 5, l.part, minimum) a, hidden_counts(l.alone, l.part, minimum) o
    ), row_of AS (
        SELECT 'grid' AS of_level, c.community_id, c.grid_id, c.houses, c.lived_in, c.households, c.residents, c.verified,
               c.visits, c.overdue, c.last_on, c.a0, c.a18, c.a60, c.a80, c.unknown, c.alone,
               h.a_cells[c.n] AS no_ages, h.o_cells[c.n] AS no_alone,
               town = ANY (opens_towns) OR coalesce(c.grid_id = ANY (opens_grids), false)
                   OR coalesce(c.community_id = ANY (opens_communities), false) AS opens,
               town = ANY (towns) OR coalesce(c.grid_id = ANY (grids), false)
                   OR coalesce(c.community_id = ANY (communities), false) AS mine
        FROM cell c, hidden h
        UNION ALL
        SELECT 'community', c.community_id, NULL, sum(c.houses)::bigint, sum(c.lived_in)::bigint, sum(c.households)::bigint,
               sum(c.residents)::bigint, sum(c.verified)::bigint, sum(c.visits)::bigint, sum(c.overdue)::bigint,
               max(c.last_on), sum(c.a0)::bigint, sum(c.a18)::bigint, sum(c.a60)::bigint, sum(c.a80)::bigint,
               sum(c.unknown)::bigint, sum(c.alone)::bigint, bool_or(h.a_parts[c.part]), bool_or(h.o_parts[c.part]),
               town = ANY (opens_towns) OR coalesce(c.community_id = ANY (opens_communities), false),
               town = ANY (towns) OR coalesce(c.community_id = ANY (communities), false)
        FROM cell c, hidden h GROUP BY c.community_id, c.part
        UNION ALL
        SELECT 'township', NULL, NULL, sum(c.houses)::bigint, sum(c.lived_in)::bigint, sum(c.households)::bigint,
               sum(c.residents)::bigint, sum(c.verified)::bigint, sum(c.visits)::bigint, sum(c.overdue)::bigint,
               max(c.last_on), sum(c.a0)::bigint, sum(c.a18)::bigint, sum(c.a60)::bigint, sum(c.a80)::bigint,
               sum(c.unknown)::bigint, sum(c.alone)::bigint, bool_or(h.a_whole), bool_or(h.o_whole),
               town = ANY (opens_towns), town = ANY (towns)
        FROM cell c, hidden h HAVING count(*) > 0
    )
    SELECT r.of_level, r.community_id, r.grid_id, r.houses, r.lived_in, r.households, r.residents, r.verified,
           CASE WHEN sees_visits THEN r.visits END, r.overdue, r.last_on,
           CASE WHEN r.opens OR NOT r.no_ages THEN r.a0 END, CASE WHEN r.opens OR NOT r.no_ages THEN r.a18 END,
           CASE WHEN r.opens OR NOT r.no_ages THEN r.a60 END, CASE WHEN r.opens OR NOT r.no_ages THEN r.a80 END,
           CASE WHEN r.opens OR NOT r.no_ages THEN r.unknown END, CASE WHEN r.opens OR NOT r.no_alone THEN r.alone END
    FROM row_of r WHERE r.mine;
END $$;
COMMENT ON FUNCTION count_register(bigint, date, int, int) IS
    'runs as the owner: it counts by ages and needs that nobody reads without a purpose, and hides what few would tell';
REVOKE EXECUTE ON FUNCTION count_register(bigint, date, int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION count_register(bigint, date, int, int) TO gisgrid_web;
