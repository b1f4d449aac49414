-- A line about a house that nobody has in the register yet: its right is asked of the grid that its place lies in. As
-- `enter_register`, which has the lines about all others.
CREATE OR REPLACE FUNCTION enter_house(town bigint, words jsonb, key text, entered timestamptz)
RETURNS TABLE (entry_id bigint, entry_state text, in_conflict boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    ground record;
    new_state text := 'done';
    made bigint;
BEGIN
    -- The grid that owns the place in the plan in force: the same as `house_grid` will say.
    SELECT g.id, g.community_id INTO ground
    FROM plan_in_force p JOIN township t ON t.area_id = p.township_id JOIN grid g ON g.plan_id = p.id
    WHERE p.township_id = town AND (g.kind = 'basic' OR t.grid_rule <> 'overlay')
      AND ST_Covers(g.geom, ST_SetSRID(ST_MakePoint((words ->> 'lon')::float8, (words ->> 'lat')::float8), 4326))
    ORDER BY g.code COLLATE "C" LIMIT 1;
    IF ground.id IS NULL OR NOT (town = ANY (my_townships('keep_register')) OR ground.id = ANY (my_grids('keep_register'))) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('register_entry', my_account()));
    RETURN QUERY SELECT e.id, e.state, e.conflict FROM register_entry e
        WHERE e.account_id = my_account() AND e.client_id = key;
    IF FOUND THEN
        RETURN;
    END IF;
    IF NOT (town = ANY (my_townships('check_register')) OR ground.id = ANY (my_grids('check_register')))
            AND (SELECT register_rule FROM township WHERE area_id = town) = 'check' THEN
        new_state := 'waiting';
    END IF;
    INSERT INTO register_entry (township_id, community_id, kind, said, client_id, account_id, who, state, entered_at)
    SELECT town, ground.community_id, 'house_new', words, key, a.id, a.display_name, new_state, entered
    FROM account a WHERE a.id = my_account() RETURNING id INTO made;
    IF new_state = 'done' THEN
        PERFORM apply_entry(made);
    END IF;
    RETURN QUERY SELECT made, new_state, false;
END $$;
COMMENT ON FUNCTION enter_house(bigint, jsonb, text, timestamptz) IS
    'runs as the owner: who keeps the register of the ground adds a house to it';
REVOKE EXECUTE ON FUNCTION enter_house(bigint, jsonb, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enter_house(bigint, jsonb, text, timestamptz) TO gisgrid_web;
