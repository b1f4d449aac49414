CREATE OR REPLACE FUNCTION mark_days_of_cases(cases bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT mark_days(array_agg(d.township_id), array_agg(d.day)) FROM (
        SELECT DISTINCT e.township_id, (e.reported_at AT TIME ZONE t.time_zone)::date AS day
        FROM unnest(cases) AS asked(id) JOIN event_case c ON c.id = asked.id
        JOIN event e ON e.id = c.event_id JOIN township t ON t.area_id = e.township_id) d
    HAVING count(*) > 0
$$;
COMMENT ON FUNCTION mark_days_of_cases(bigint[]) IS
    'runs as the owner: as mark_days does';
REVOKE EXECUTE ON FUNCTION mark_days_of_cases(bigint[]) FROM PUBLIC;
