-- Held to the policies of what it reads (its owner is gisgrid_views), and to the right besides.
CREATE OR REPLACE FUNCTION unmask_event(ids bigint[])
RETURNS TABLE (id bigint, text text, address text, reporter text, contact text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_ids bigint[];
BEGIN
    PERFORM must_say_why('see_events');
    found_ids := ARRAY(SELECT e.id FROM event e WHERE e.id = ANY (ids) ORDER BY 1);
    IF cardinality(found_ids) > 0 THEN
        PERFORM audit('unmask', 'event', found_ids);
    END IF;
    RETURN QUERY SELECT e.id, e.text, e.address, e.reporter, e.contact FROM event e
        WHERE e.id = ANY (found_ids) ORDER BY 1;
END $$;
REVOKE EXECUTE ON FUNCTION unmask_event(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unmask_event(bigint[]) TO gisgrid_web;
