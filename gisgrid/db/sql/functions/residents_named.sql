-- Residents of a name, without its spaces, who are registered in a house; by the day of birth where one is given. For
-- who answers people in the whole township, for a declared purpose; whom it found is on the audit.
CREATE OR REPLACE FUNCTION residents_named(of_house bigint, of_name text, born date) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_ids bigint[];
BEGIN
    PERFORM must_say_why('answer_subjects');
    found_ids := ARRAY(
        SELECT r.id FROM resident r JOIN household f ON f.id = r.household_id
        WHERE f.house_id = of_house AND r.township_id = ANY (my_townships('answer_subjects'))
          AND regexp_replace(r.name, '[[:space:]]', '', 'g') = of_name AND (born IS NULL OR r.birth_date = born)
        ORDER BY 1);
    IF cardinality(found_ids) > 0 THEN
        PERFORM audit('find', 'resident', found_ids);
    END IF;
    RETURN QUERY SELECT unnest(found_ids);
END $$;
REVOKE EXECUTE ON FUNCTION residents_named(bigint, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION residents_named(bigint, text, date) TO gisgrid_web;
