-- How many posts a load gave above the ground that whoever acts administers.
CREATE OR REPLACE FUNCTION appoints_above(run bigint) RETURNS bigint
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT count(*) FROM appointment p LEFT JOIN area a ON a.id = p.area_id
    WHERE p.run_id = run AND NOT EXISTS (
        SELECT FROM appointments_with('administer') m
        WHERE m.grid_code IS NULL AND (m.area_id IS NULL OR m.area_id IN (a.id, a.parent_id)
            OR m.area_id = (SELECT parent_id FROM area WHERE id = a.parent_id)))
$$;
