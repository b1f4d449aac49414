-- How many posts a load gave above the ground that whoever acts administers.
CREATE OR REPLACE FUNCTION appoints_above(run bigint) RETURNS bigint
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT count(*) FROM appointment p WHERE p.run_id = run AND NOT administers(p.area_id)
$$;
