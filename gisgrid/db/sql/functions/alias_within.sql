-- Whether whoever acts holds a right where an alias points to: over its house, or over the grid of the plan in force that
-- its spot lies in. Called by the functions of the alias book alone.
CREATE OR REPLACE FUNCTION alias_within(wanted text, town bigint, house bigint, spot geometry) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT owns_the_store() OR town = ANY (my_townships(wanted))
        OR house IS NOT NULL AND house_within(wanted, house, town)
        OR spot IS NOT NULL AND EXISTS (
            SELECT FROM plan_in_force p JOIN grid g ON g.plan_id = p.id
            WHERE p.township_id = town AND g.id = ANY (my_grids(wanted)) AND ST_Covers(g.geom, spot))
$$;
COMMENT ON FUNCTION alias_within(text, bigint, bigint, geometry) IS
    'runs as the owner: asks about the ground of rows that the asker may not read';
REVOKE EXECUTE ON FUNCTION alias_within(text, bigint, bigint, geometry) FROM PUBLIC;
