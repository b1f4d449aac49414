-- Whoever holds a community as its section's cadre stands at the section, everybody else there at
-- it.
CREATE OR REPLACE FUNCTION my_levels(wanted text) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(
        SELECT DISTINCT CASE WHEN a.level = 'township' THEN 'township'
                             WHEN m.role = 'section_cadre' THEN 'section'
                             ELSE 'community' END || ':' || a.id
        FROM appointments_with(wanted) m JOIN area a ON a.id = m.area_id
        WHERE m.grid_code IS NULL AND a.level IN ('township', 'community'));
END $$;
