-- The event of the case that handles the report which the transaction knows: its own, or the one it was merged into, also
-- by way of others.
CREATE OR REPLACE FUNCTION survivor_of_report() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH RECURSIVE way AS (
        SELECT c.event_id, c.merged_into_id, 0 AS n FROM event_case c WHERE c.event_id = my_report()
        UNION ALL
        SELECT i.event_id, i.merged_into_id, way.n + 1 FROM way JOIN event_case i ON i.id = way.merged_into_id
        WHERE way.n < 20
    )
    SELECT event_id FROM way ORDER BY n DESC LIMIT 1
$$;
COMMENT ON FUNCTION survivor_of_report() IS
    'runs as the owner: whoever follows a report follows the case that it is handled with';
