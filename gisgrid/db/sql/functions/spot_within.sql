-- Whether a right is held over a place (EPSG:4326): over the township, its grid in the plan in force, or the exclusive
-- grid that covers it. Over a place in no grid nobody below the township holds one.
CREATE OR REPLACE FUNCTION spot_within(wanted text, town bigint, lon float8, lat float8) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    grids bigint[] := my_grids(wanted);
BEGIN
    RETURN town = ANY (my_townships(wanted)) OR EXISTS (
        SELECT FROM ground_under(town, lon, lat) u
        WHERE u.grid_id = ANY (grids) OR u.exclusive_grid_id = ANY (grids));
END $$;
