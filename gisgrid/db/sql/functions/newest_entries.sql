-- What people write all day: the register, visits, teams, training. Numbers may come to light in another order than
-- they were given, so the last ones are counted, too. Reports are left out: a scenario takes them in with the next
-- reading.
CREATE OR REPLACE FUNCTION newest_entries() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT ARRAY[
        (SELECT max(id) FROM history WHERE table_name NOT IN ('event', 'event_grid')),
        (SELECT count(*) FROM history WHERE table_name NOT IN ('event', 'event_grid')
         AND id > (SELECT max(id) - 1000 FROM history)),
        (SELECT max(id) FROM house), (SELECT max(id) FROM household), (SELECT max(id) FROM resident),
        (SELECT max(id) FROM visit), (SELECT max(id) FROM team_member),
        (SELECT max(id) FROM training), (SELECT count(*) FROM training_attendee)
    ]
$$;
COMMENT ON FUNCTION newest_entries() IS
    'runs as the owner: that something changed tells nothing about what';
REVOKE EXECUTE ON FUNCTION newest_entries() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION newest_entries() TO gisgrid_planner;
