-- Townships in which a right of whoever acts holds as a whole.
CREATE OR REPLACE FUNCTION my_townships(wanted text) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT a.id FROM appointments_with(wanted) m
        JOIN area a ON a.level = 'township' AND (m.area_id IS NULL OR m.area_id IN (a.id, a.parent_id))
        WHERE m.grid_code IS NULL);
END $$;
