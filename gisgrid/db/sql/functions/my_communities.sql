-- Communities in which a right of whoever acts holds, by a post there or above.
CREATE OR REPLACE FUNCTION my_communities(wanted text) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT c.id FROM appointments_with(wanted) m
        JOIN area c ON c.level = 'community' JOIN area t ON t.id = c.parent_id
        WHERE m.grid_code IS NULL AND (m.area_id IS NULL OR m.area_id IN (c.id, t.id, t.parent_id)));
END $$;
