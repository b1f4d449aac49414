-- Whether a right is held over a house, as `houses_within` has it.
CREATE OR REPLACE FUNCTION house_within(wanted text, house bigint, township bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN township = ANY (my_townships(wanted)) OR house = ANY (houses_within(wanted, ARRAY[house]));
END $$;
