-- Lines by which houses of a township went, that count, and that whoever asks may take back: who checks the register over
-- the ground where the house stood. Of those from before what stood there was written down, none.
CREATE OR REPLACE FUNCTION to_take_back(town bigint) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    towns bigint[] := my_townships('check_register');
    communities bigint[] := my_communities('check_register');
BEGIN
    RETURN ARRAY(
        SELECT e.id FROM house_change c JOIN register_entry e ON e.id = c.entry_id
        CROSS JOIN LATERAL (SELECT (c.kept -> 'house' ->> 'geom')::geometry AS geom) o
        WHERE c.township_id = town AND c.kept IS NOT NULL AND e.state IN ('done', 'accepted')
          AND (town = ANY (towns)
               OR CASE WHEN o.geom IS NULL THEN c.community_id = ANY (communities)
                       ELSE spot_within('check_register', town, ST_X(o.geom), ST_Y(o.geom)) END));
END $$;
COMMENT ON FUNCTION to_take_back(bigint) IS
    'runs as the owner: where a house stood that is gone is told by its former state alone';
REVOKE EXECUTE ON FUNCTION to_take_back(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION to_take_back(bigint) TO gisgrid_web;
