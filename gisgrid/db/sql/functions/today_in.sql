-- The day in the zone of an area's township; of an area without one, and for null, of the first
-- township.
CREATE OR REPLACE FUNCTION today_in(area bigint) RETURNS date
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN day_in(coalesce((
        SELECT t.time_zone FROM township t JOIN area a ON a.id = t.area_id
        WHERE area IS NULL OR a.id = area OR a.parent_id = area
           OR a.id = (SELECT parent_id FROM area c WHERE c.id = area)
        ORDER BY a.code LIMIT 1), 'Asia/Shanghai'));
END $$;
