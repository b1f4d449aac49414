-- Numbers may come to light in another order than they were given, so the last ones are counted,
-- too. Reports come in all day: a scenario at hand takes them in with the next day, or with a load.
CREATE OR REPLACE FUNCTION newest_rows() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT ARRAY[
        (SELECT max(id) FROM history WHERE table_name NOT IN ('event', 'event_grid')),
        (SELECT count(*) FROM history WHERE table_name NOT IN ('event', 'event_grid')
         AND id > (SELECT max(id) - 1000 FROM history)),
        (SELECT max(id) FROM import_run), (SELECT count(*) FROM import_run),
        (SELECT max(id) FROM house), (SELECT max(id) FROM household), (SELECT max(id) FROM resident),
        (SELECT max(id) FROM visit), (SELECT max(id) FROM station), (SELECT max(id) FROM team_member),
        (SELECT max(id) FROM training), (SELECT count(*) FROM training_attendee),
        (SELECT max(id) FROM workload_weights),
        (SELECT hashtextextended(string_agg(t::text, '|' ORDER BY t.area_id), 0) FROM township t)
    ]
$$;
COMMENT ON FUNCTION newest_rows() IS
    'runs as the owner: that something changed tells nothing about what';
REVOKE EXECUTE ON FUNCTION newest_rows() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION newest_rows() TO gisgrid_planner;
