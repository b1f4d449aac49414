-- What a scenario at hand is made of beside people: loads, weights, settings. Another answer, another reading.
CREATE OR REPLACE FUNCTION newest_rows() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT ARRAY[
        (SELECT max(id) FROM import_run), (SELECT count(*) FROM import_run),
        (SELECT max(id) FROM station), (SELECT max(id) FROM workload_weights),
        (SELECT hashtextextended(string_agg(t::text, '|' ORDER BY t.area_id), 0) FROM township t)
    ]
$$;
COMMENT ON FUNCTION newest_rows() IS
    'runs as the owner: that something changed tells nothing about what';
REVOKE EXECUTE ON FUNCTION newest_rows() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION newest_rows() TO gisgrid_planner;
