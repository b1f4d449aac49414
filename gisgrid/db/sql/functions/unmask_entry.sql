-- What was entered and what stood there before, open: by the right to open the register of the house, for a
-- declared purpose, and on the audit.
CREATE OR REPLACE FUNCTION unmask_entry(ids bigint[])
RETURNS TABLE (id bigint, said jsonb, was jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_ids bigint[];
BEGIN
    PERFORM must_say_why('unmask');
    found_ids := ARRAY(SELECT e.id FROM register_entry e
        WHERE e.id = ANY (ids) AND house_within('unmask', e.house_id, e.township_id) ORDER BY 1);
    IF cardinality(found_ids) > 0 THEN
        PERFORM audit('unmask', 'register_entry', found_ids);
    END IF;
    RETURN QUERY SELECT e.id, e.said, h.was FROM register_entry e JOIN entry_held h ON h.id = e.id
        WHERE e.id = ANY (found_ids) ORDER BY 1;
END $$;
REVOKE EXECUTE ON FUNCTION unmask_entry(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unmask_entry(bigint[]) TO gisgrid_web;
