-- Whose ground a place (EPSG:4326) is in the plan in force: the same as `house_grid` will say of a house there. No row
-- where no grid covers it.
CREATE OR REPLACE FUNCTION ground_under(town bigint, lon float8, lat float8)
RETURNS TABLE (grid_id bigint, exclusive_grid_id bigint, community_id bigint)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    WITH covering AS MATERIALIZED (
        SELECT g.id, g.code, g.community_id, g.kind = 'basic' OR t.grid_rule <> 'overlay' AS owns
        FROM plan_in_force p JOIN township t ON t.area_id = p.township_id JOIN grid g ON g.plan_id = p.id
        WHERE p.township_id = town AND ST_Covers(g.geom, ST_SetSRID(ST_MakePoint(lon, lat), 4326))
    )
    SELECT c.id, (SELECT x.id FROM covering x WHERE NOT x.owns ORDER BY x.code COLLATE "C" LIMIT 1), c.community_id
    FROM covering c WHERE c.owns ORDER BY c.code COLLATE "C" LIMIT 1
$$;
