-- Whether whoever acts decides what is asked of a record: where they check the register of its house; of the staff, and
-- of records that are gone, in the whole township. Called by the functions of corrections alone.
CREATE OR REPLACE FUNCTION correction_within(wanted text, kind text, record bigint, town bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    house bigint;
BEGIN
    IF owns_the_store() OR town = ANY (my_townships(wanted)) THEN
        RETURN true;
    END IF;
    house := CASE kind
        WHEN 'resident' THEN (SELECT f.house_id FROM resident r JOIN household f ON f.id = r.household_id
                              WHERE r.id = record)
        WHEN 'household' THEN (SELECT f.house_id FROM household f WHERE f.id = record) END;
    RETURN house IS NOT NULL AND house_within(wanted, house, town);
END $$;
COMMENT ON FUNCTION correction_within(text, text, bigint, bigint) IS
    'runs as the owner: finds the house of a record that the asker may not read';
REVOKE EXECUTE ON FUNCTION correction_within(text, text, bigint, bigint) FROM PUBLIC;
