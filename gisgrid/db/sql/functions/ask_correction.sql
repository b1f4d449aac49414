-- Keep a request that a column of a record hold another value, its number; NULL: one for it waits already. Asked by
-- whoever sees the register of the record's house, in their own name; by the owner's connection for `seeker`. Values
-- were looked at by the caller.
CREATE OR REPLACE FUNCTION ask_correction(kind text, record bigint, wanted_column text, value text, seeker text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    town bigint;
    made bigint;
BEGIN
    IF kind NOT IN ('household', 'resident', 'staff') THEN
        RAISE EXCEPTION 'no such record' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE format('SELECT township_id FROM %I WHERE id = $1', kind) INTO town USING record;
    IF NOT owns_the_store() THEN
        IF town IS NULL OR kind = 'staff' OR NOT correction_within('see_register', kind, record, town) THEN
            RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
        END IF;
        IF wanted_column <> ALL (CASE kind WHEN 'household' THEN ARRAY['room']
                ELSE ARRAY['name', 'citizen_id', 'phone', 'sex', 'birth_date', 'needs'] END) THEN
            RAISE EXCEPTION 'no such column' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        seeker := (SELECT name FROM account WHERE id = my_account());
    END IF;
    INSERT INTO correction_request (township_id, table_name, row_id, column_name, proposed, asked_by)
    VALUES (town, kind, record, wanted_column, value, seeker)
    ON CONFLICT (table_name, row_id, column_name) WHERE state = 'open' DO NOTHING RETURNING id INTO made;
    RETURN made;
END $$;
COMMENT ON FUNCTION ask_correction(text, bigint, text, text, text) IS
    'runs as the owner: who sees the register masked asks about what they may not read';
REVOKE EXECUTE ON FUNCTION ask_correction(text, bigint, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ask_correction(text, bigint, text, text, text) TO gisgrid_web;
