-- A line of who keeps the register: into the log, and into the register unless it has to wait for the clerk. What the
-- same account sent under the same key before was answered by `entry_sent`. What was `entered` on a phone without a line,
-- and is about somebody who is no longer in the house, waits for the clerk: nobody stands at that door any more; so does
-- what is about a house that has become part of another, which it is about now. Values were looked at by the caller; here
-- stands whose ground it is, and whether the row is still what the sender saw.
CREATE OR REPLACE FUNCTION enter_register(
    of_kind text, of_house bigint, of_household bigint, of_resident bigint, words jsonb, seen pg_snapshot, key text,
    sent text, entered timestamptz
) RETURNS TABLE (entry_id bigint, entry_state text, in_conflict boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    town bigint := (SELECT township_id FROM house WHERE id = of_house);
    row_now jsonb;
    held jsonb := '{}';
    new_state text := 'done';
    clash boolean := false;
    gone boolean;
    followed boolean := false;
    elsewhere boolean := false;
    made bigint;
BEGIN
    IF town IS NULL AND EXISTS (SELECT FROM house_change c WHERE c.house_id = of_house AND c.change IN ('gone', 'joined')) THEN
        WITH RECURSIVE way (id, n) AS (
            SELECT of_house, 0
            UNION ALL
            SELECT c.successor_id, way.n + 1 FROM way
            JOIN house_change c ON c.house_id = way.id AND c.change = 'joined' AND way.n < 1000
            WHERE c.id = (SELECT max(o.id) FROM house_change o WHERE o.house_id = way.id AND o.change IN ('gone', 'joined'))
        )
        SELECT h.id, h.township_id INTO of_house, town FROM way JOIN house h ON h.id = way.id
        WHERE of_kind NOT IN ('house_gone', 'house_split', 'house_joined') ORDER BY way.n LIMIT 1;
        IF town IS NULL THEN
            RAISE EXCEPTION 'gone' USING ERRCODE = 'no_data_found', CONSTRAINT = 'house_went';
        END IF;
        followed := true;
    END IF;
    IF town IS NULL OR NOT house_within('keep_register', of_house, town) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    IF words ? 'lon' THEN
        -- A part that stands on other ground is a house of that ground.
        IF NOT spot_within('keep_register', town, (words ->> 'lon')::float8, (words ->> 'lat')::float8) THEN
            RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
        END IF;
        elsewhere := NOT spot_within('check_register', town, (words ->> 'lon')::float8, (words ->> 'lat')::float8);
    END IF;
    IF of_household IS NOT NULL AND NOT EXISTS (
            SELECT FROM household f WHERE f.id = of_household AND f.house_id = of_house)
        OR of_resident IS NOT NULL AND NOT EXISTS (
            SELECT FROM resident r JOIN household f ON f.id = r.household_id
            WHERE r.id = of_resident AND f.house_id = of_house) THEN
        -- Somebody who once lived here and no other: of a stranger nothing is written down.
        IF entered IS NULL OR NOT EXISTS (
                SELECT FROM history h WHERE h.table_name = 'household' AND h.old ->> 'house_id' = of_house::text
                  AND h.row_id IN (
                    of_household, (SELECT r.household_id FROM resident r WHERE r.id = of_resident),
                    (SELECT (o.old ->> 'household_id')::bigint FROM history o
                     WHERE o.table_name = 'resident' AND o.row_id = of_resident ORDER BY o.id DESC LIMIT 1)))
            AND NOT EXISTS (
                SELECT FROM history o JOIN household f ON f.id = (o.old ->> 'household_id')::bigint
                WHERE o.table_name = 'resident' AND o.row_id = of_resident AND f.house_id = of_house) THEN
            RAISE EXCEPTION 'gone' USING ERRCODE = 'no_data_found';
        END IF;
        clash := true;
    END IF;
    IF words ? 'house_id' AND (words ->> 'house_id')::bigint = of_house OR words ? 'house_id' AND NOT EXISTS (
            SELECT FROM house h WHERE h.id = (words ->> 'house_id')::bigint AND h.township_id = town) THEN
        RAISE EXCEPTION 'gone' USING ERRCODE = 'no_data_found';
    END IF;
    gone := clash;
    IF of_kind = 'alias' THEN
        -- Words that mean another place are taken from it by the clerk alone; which one, where that tells of nobody.
        SELECT true, CASE WHEN a.personal OR a.house_id IS NULL THEN '{}'
                          ELSE jsonb_build_object('house_id', a.house_id) END
        INTO clash, held FROM alias a
        WHERE a.township_id = town AND a.key = enter_register.words ->> 'key' AND a.house_id IS DISTINCT FROM of_house;
        clash := coalesce(clash, false);
    END IF;
    clash := clash OR followed;
    IF gone THEN
        row_now := NULL;
    ELSIF of_resident IS NOT NULL THEN
        SELECT to_jsonb(r) INTO row_now FROM resident r WHERE r.id = of_resident FOR UPDATE;
    ELSIF of_household IS NOT NULL THEN
        SELECT to_jsonb(f) INTO row_now FROM household f WHERE f.id = of_household FOR UPDATE;
    END IF;
    IF of_kind = 'corrected' THEN
        SELECT jsonb_object_agg(k, row_now -> k) INTO held FROM jsonb_object_keys(words) k;
    ELSIF of_kind IN ('resident_out', 'household_out', 'household_moved') THEN
        held := row_now;
    ELSIF of_kind IN ('house_gone', 'house_split', 'house_joined') THEN
        held := house_lived_in(of_house);
        -- Nobody leaves the register, or changes houses, of whom the page did not tell.
        clash := clash OR seen IS NOT NULL AND moved_in_since(of_house, seen);
        IF of_kind = 'house_gone' AND held -> 'households' > '0' AND NOT words ?| ARRAY['homes', 'house_id'] THEN
            RAISE EXCEPTION 'lived' USING ERRCODE = 'object_not_in_prerequisite_state', CONSTRAINT = 'lived_in';
        END IF;
    END IF;
    -- Where one was there and met somebody is one's own doing; what is changed may have to wait.
    IF of_kind NOT IN ('verified', 'visited') THEN
        -- Two may change one value: both stand, and who comes later is told.
        clash := clash OR held IS NOT NULL AND seen IS NOT NULL AND row_now IS NOT NULL AND EXISTS (
            SELECT FROM jsonb_each(row_when_seen(CASE WHEN of_resident IS NULL THEN 'household' ELSE 'resident' END,
                coalesce(of_resident, of_household), seen, row_now)) AS before
            WHERE held ? before.key AND before.key NOT IN ('verified_on', 'run_id')
              AND before.value IS DISTINCT FROM held -> before.key);
        IF clash OR (elsewhere OR NOT house_within('check_register', of_house, town))
                AND (SELECT register_rule FROM township WHERE area_id = town) = 'check' THEN
            new_state := 'waiting';
        END IF;
    ELSIF followed THEN
        new_state := 'waiting';
    END IF;
    INSERT INTO register_entry (township_id, house_id, kind, household_id, resident_id, said, was, client_id,
                                digest, account_id, who, state, conflict, entered_at)
    SELECT town, of_house, of_kind, of_household, of_resident, words, coalesce(held, '{}'), key, sent, a.id,
           a.display_name, new_state, clash, entered
    FROM account a WHERE a.id = my_account() RETURNING id INTO made;
    IF new_state = 'done' THEN
        PERFORM apply_entry(made);
    END IF;
    RETURN QUERY SELECT made, new_state, clash;
END $$;
COMMENT ON FUNCTION enter_register(text, bigint, bigint, bigint, jsonb, pg_snapshot, text, text, timestamptz) IS
    'runs as the owner: who keeps the register of a house writes it, and may not read it';
REVOKE EXECUTE ON FUNCTION enter_register(text, bigint, bigint, bigint, jsonb, pg_snapshot, text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enter_register(text, bigint, bigint, bigint, jsonb, pg_snapshot, text, text, timestamptz) TO gisgrid_web;
