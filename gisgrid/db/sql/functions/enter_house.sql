-- A line about a house that nobody has in the register yet: its right is asked of the grids that its place lies in. As
-- `enter_register`, which has the lines about all others; `entry_sent` was asked before.
CREATE OR REPLACE FUNCTION enter_house(town bigint, words jsonb, key text, sent text, entered timestamptz)
RETURNS TABLE (entry_id bigint, entry_state text, in_conflict boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    lon float8 := (words ->> 'lon')::float8;
    lat float8 := (words ->> 'lat')::float8;
    ground record;
    new_state text := 'done';
    made bigint;
BEGIN
    SELECT u.* INTO ground FROM ground_under(town, lon, lat) u;
    IF coalesce(ground.grid_id, ground.exclusive_grid_id) IS NULL OR NOT spot_within('keep_register', town, lon, lat) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    IF NOT spot_within('check_register', town, lon, lat)
            AND (SELECT register_rule FROM township WHERE area_id = town) = 'check' THEN
        new_state := 'waiting';
    END IF;
    INSERT INTO register_entry (township_id, community_id, kind, said, client_id, digest, account_id, who, state, entered_at)
    SELECT town, ground.community_id, 'house_new', words, key, sent, a.id, a.display_name, new_state, entered
    FROM account a WHERE a.id = my_account() RETURNING id INTO made;
    IF new_state = 'done' THEN
        PERFORM apply_entry(made);
    END IF;
    RETURN QUERY SELECT made, new_state, false;
END $$;
COMMENT ON FUNCTION enter_house(bigint, jsonb, text, text, timestamptz) IS
    'runs as the owner: who keeps the register of the ground adds a house to it';
REVOKE EXECUTE ON FUNCTION enter_house(bigint, jsonb, text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enter_house(bigint, jsonb, text, text, timestamptz) TO gisgrid_web;
