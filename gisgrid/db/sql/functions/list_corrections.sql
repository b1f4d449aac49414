-- The requests for correction of a township that whoever acts decides, oldest first, with what the record holds now.
-- Values and who asks are masked for all but the owner's connection, and but for those of `opened`, which takes a
-- declared purpose and stands on the audit.
CREATE OR REPLACE FUNCTION list_corrections(town bigint, wanted text, opened boolean)
RETURNS TABLE (id bigint, "table" text, code text, "column" text, current text, proposed text, asked_by text,
               asked_at timestamptz, state text, decided_by text, decided_at timestamptz, reason text, house_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found_ids bigint[];
BEGIN
    found_ids := ARRAY(
        SELECT c.id FROM correction_request c
        WHERE c.township_id = town AND (wanted IS NULL OR c.state = wanted)
          AND correction_within('check_register', c.table_name, c.row_id, c.township_id)
          AND (NOT opened OR correction_within('unmask', c.table_name, c.row_id, c.township_id)) ORDER BY 1);
    IF opened THEN
        PERFORM must_say_why('unmask');
        IF cardinality(found_ids) > 0 THEN
            PERFORM audit('unmask', 'correction_request', found_ids);
        END IF;
    END IF;
    RETURN QUERY SELECT * FROM told_corrections(found_ids, opened OR owns_the_store());
END $$;
COMMENT ON FUNCTION list_corrections(bigint, text, boolean) IS
    'runs as the owner: finds whose ground a record lies on, which the asker may not read';
REVOKE EXECUTE ON FUNCTION list_corrections(bigint, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION list_corrections(bigint, text, boolean) TO gisgrid_web;
