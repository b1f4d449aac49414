-- The township that a person of the staff works for.
CREATE OR REPLACE FUNCTION township_of_staff(asked bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (SELECT s.township_id FROM staff s WHERE s.id = asked);
END $$;
COMMENT ON FUNCTION township_of_staff(bigint) IS
    'runs as the owner: the policies of staff and of their parts in teams would ask each other for ever';
