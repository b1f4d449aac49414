-- Whether whoever acts holds a right anywhere.
CREATE OR REPLACE FUNCTION has_right(wanted text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN my_account() IS NOT NULL AND EXISTS (SELECT FROM appointments_with(wanted));
END $$;
