-- Whether whoever acts administers an area; null: everything.
CREATE OR REPLACE FUNCTION administers(asked bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN CASE WHEN asked IS NULL
        THEN EXISTS (SELECT FROM appointments_with('administer') m WHERE m.area_id IS NULL)
        ELSE asked = ANY (administered()) END;
END $$;
