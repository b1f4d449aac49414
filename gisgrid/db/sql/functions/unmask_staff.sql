-- Held to the policies of what it reads (its owner is gisgrid_views), and to the right besides.
CREATE OR REPLACE FUNCTION unmask_staff(ids bigint[])
RETURNS TABLE (id bigint, name text, phone text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_ids bigint[];
BEGIN
    PERFORM must_say_why('see_contacts');
    found_ids := ARRAY(SELECT s.id FROM staff s WHERE s.id = ANY (ids) ORDER BY 1);
    IF cardinality(found_ids) > 0 THEN
        PERFORM audit('unmask', 'staff', found_ids);
    END IF;
    RETURN QUERY SELECT s.id, s.name, s.phone FROM staff s WHERE s.id = ANY (found_ids) ORDER BY 1;
END $$;
REVOKE EXECUTE ON FUNCTION unmask_staff(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unmask_staff(bigint[]) TO gisgrid_web;
