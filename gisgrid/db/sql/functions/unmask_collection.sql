-- What was answered to collection tasks, open: by the right to open the register of the house, for a declared purpose,
-- and on the audit.
CREATE OR REPLACE FUNCTION unmask_collection(ids bigint[]) RETURNS TABLE (id bigint, value text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_ids bigint[];
BEGIN
    PERFORM must_say_why('unmask');
    found_ids := ARRAY(SELECT a.id FROM collection_answer a
        WHERE a.id = ANY (ids) AND a.house_id = ANY (houses_within('unmask', ARRAY(
            SELECT DISTINCT o.house_id FROM collection_answer o WHERE o.id = ANY (ids)))) ORDER BY 1);
    IF cardinality(found_ids) > 0 THEN
        PERFORM audit('unmask', 'collection_answer', found_ids);
    END IF;
    RETURN QUERY SELECT a.id, a.value FROM collection_answer a WHERE a.id = ANY (found_ids) ORDER BY 1;
END $$;
REVOKE EXECUTE ON FUNCTION unmask_collection(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unmask_collection(bigint[]) TO gisgrid_web;
