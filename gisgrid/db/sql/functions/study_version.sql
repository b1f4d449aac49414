-- Every load leaves an import run, and every other change of a row one in the history. Numbers may
-- come to light in another order than they were given, so the last ones are counted, too. Of events
-- those of today do not count: what was found out would be old with each report that comes in.
CREATE OR REPLACE FUNCTION study_version(asked bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
WITH p AS (SELECT id, township_id, based_on_id FROM plan WHERE id = asked)
SELECT left(md5(concat_ws('|',
    (SELECT concat(count(*), '.', max(id)) FROM import_run),
    (SELECT concat(count(*), '.', max(id)) FROM history
     WHERE table_name NOT IN ('event', 'event_grid') AND id > (SELECT max(id) - 10000 FROM history)),
    (SELECT concat(count(*), '.', max(e.id)) FROM event e, township t JOIN p ON p.township_id = t.area_id
     WHERE e.id > (SELECT max(id) - 10000 FROM event) AND e.township_id = t.area_id
       AND e.reported_at < day_in(t.time_zone)::timestamp AT TIME ZONE t.time_zone),
    (SELECT max(id) FROM house), (SELECT max(id) FROM household), (SELECT max(id) FROM resident),
    (SELECT max(id) FROM area), (SELECT max(id) FROM visit), (SELECT max(id) FROM station),
    (SELECT max(id) FROM team_member), (SELECT max(id) FROM workload_weights),
    (SELECT md5(t::text) FROM township t JOIN p ON p.township_id = t.area_id),
    (SELECT md5(string_agg(concat_ws('|', g.plan_id, g.code, g.name, g.kind, g.community_id, g.host,
                                     md5(ST_AsBinary(g.geom))), ',' ORDER BY g.id))
     FROM grid g JOIN p ON g.plan_id IN (p.id, p.based_on_id))
)), 16)
$$;
COMMENT ON FUNCTION study_version(bigint) IS
    'runs as the owner: a fingerprint of all rows, whoever asks, tells nothing about one';
GRANT EXECUTE ON FUNCTION study_version(bigint) TO gisgrid_web;
