-- Whose ground a place (EPSG:4326) is in the plan in force: the same as `house_grid` will say of a house there. The basic
-- grid is null where an exclusive one alone covers it; no row where none does.
CREATE OR REPLACE FUNCTION ground_under(town bigint, lon float8, lat float8)
RETURNS TABLE (grid_id bigint, exclusive_grid_id bigint, community_id bigint)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    WITH covering AS MATERIALIZED (
        SELECT g.id, g.code, g.community_id, g.kind = 'basic' OR t.grid_rule <> 'overlay' AS owns
        FROM plan_in_force p JOIN township t ON t.area_id = p.township_id JOIN grid g ON g.plan_id = p.id
        WHERE p.township_id = town AND ST_Covers(g.geom, ST_SetSRID(ST_MakePoint(lon, lat), 4326))
    )
    SELECT o.id, x.id, coalesce(o.community_id, x.community_id)
    FROM (SELECT) one
    LEFT JOIN (SELECT c.* FROM covering c WHERE c.owns ORDER BY c.code COLLATE "C" LIMIT 1) o ON true
    LEFT JOIN (SELECT c.* FROM covering c WHERE NOT c.owns ORDER BY c.code COLLATE "C" LIMIT 1) x ON true
    WHERE o.id IS NOT NULL OR x.id IS NOT NULL
$$;
