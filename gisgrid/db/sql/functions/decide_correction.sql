-- Accept a request for correction, which changes the record, or refuse it. Empty: done; else why nothing was: the state
-- it has already, 'own' where whoever asked would decide, 'gone' for the record. By the owner's connection `who` decides.
CREATE OR REPLACE FUNCTION decide_correction(request bigint, town bigint, accept boolean, who text, why text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    c correction_request;
    me account;
    changed bigint;
BEGIN
    SELECT * INTO c FROM correction_request WHERE id = request AND township_id = town FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    END IF;
    IF NOT correction_within('check_register', c.table_name, c.row_id, c.township_id) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    IF c.state <> 'open' THEN
        RETURN c.state;
    END IF;
    IF owns_the_store() THEN
        IF c.asked_by = who THEN
            RETURN 'own';
        END IF;
    ELSE
        SELECT * INTO me FROM account WHERE id = my_account();
        who := me.display_name;
        IF c.asked_by IN (me.name, me.display_name) THEN
            RETURN 'own';
        END IF;
    END IF;
    IF accept THEN
        EXECUTE format('UPDATE %I SET %I = %s WHERE id = $2 RETURNING id', c.table_name, c.column_name,
            CASE c.column_name WHEN 'needs' THEN 'coalesce(string_to_array($1, '';''), ''{}'')'
                               WHEN 'birth_date' THEN '$1::date' ELSE '$1' END)
        INTO changed USING c.proposed, c.row_id;
        IF changed IS NULL THEN
            RETURN 'gone';
        END IF;
        PERFORM audit('correct', c.table_name, ARRAY[c.row_id]);
    END IF;
    UPDATE correction_request SET state = CASE WHEN accept THEN 'accepted' ELSE 'refused' END, decided_by = who,
        decided_at = now(), reason = why WHERE id = request;
    RETURN '';
END $$;
COMMENT ON FUNCTION decide_correction(bigint, bigint, boolean, text, text) IS
    'runs as the owner: the clerk changes in the register what may not be read without a purpose';
REVOKE EXECUTE ON FUNCTION decide_correction(bigint, bigint, boolean, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION decide_correction(bigint, bigint, boolean, text, text) TO gisgrid_web;
