-- Held to the policies of what it reads (its owner is gisgrid_views), and to the right besides.
CREATE OR REPLACE FUNCTION unmask_resident(ids bigint[])
RETURNS TABLE (
    id bigint, name text, citizen_id text, phone text, sex text, birth_date date, needs text[]
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_ids bigint[];
BEGIN
    PERFORM must_say_why('unmask');
    found_ids := ARRAY(SELECT r.id FROM resident r JOIN household f ON f.id = r.household_id
        WHERE r.id = ANY (ids) AND house_within('unmask', f.house_id, r.township_id) ORDER BY 1);
    IF cardinality(found_ids) > 0 THEN
        PERFORM audit('unmask', 'resident', found_ids);
    END IF;
    RETURN QUERY SELECT r.id, r.name, r.citizen_id, r.phone, r.sex, r.birth_date, r.needs
        FROM resident r WHERE r.id = ANY (found_ids) ORDER BY 1;
END $$;
REVOKE EXECUTE ON FUNCTION unmask_resident(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unmask_resident(bigint[]) TO gisgrid_web;
