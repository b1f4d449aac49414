-- One cell per grid, one per community for what lies there in no grid, one for what lies in none.
-- A house belongs to its grid's community; without a grid, to the one its point lies in; without a
-- point, to the one the register names. An event in overlay mode counts in the exclusive grid.
-- Events as they stood at the end of a day of the township; NULL: as they stand now.
CREATE OR REPLACE FUNCTION count_cells(asked bigint, until date DEFAULT NULL)
RETURNS TABLE (
    community_id bigint, grid_id bigint, houses bigint, households bigint, residents bigint,
    events bigint, open_events bigint
)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
WITH scope AS (
    SELECT p.id AS plan_id, p.township_id,
           coalesce((until + 1)::timestamp AT TIME ZONE t.time_zone, 'infinity') AS before
    FROM plan p JOIN township t ON t.area_id = p.township_id WHERE p.id = asked
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
           count(*) AS events,
           count(*) FILTER (WHERE e.closed_at IS NULL OR e.closed_at >= scope.before) AS open_events
    FROM scope JOIN event e ON e.township_id = scope.township_id AND e.reported_at < scope.before
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
$$;
