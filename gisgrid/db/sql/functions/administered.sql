-- Areas that whoever acts administers: their own posts' and all below.
CREATE OR REPLACE FUNCTION administered() RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT a.id FROM appointments_with('administer') m
        JOIN area a ON m.area_id IS NULL OR m.area_id IN (a.id, a.parent_id)
            OR m.area_id = (SELECT p.parent_id FROM area p WHERE p.id = a.parent_id)
        WHERE m.grid_code IS NULL);
END $$;
