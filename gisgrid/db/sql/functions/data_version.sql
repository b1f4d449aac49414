-- Numbers of rows that the web cannot count, and no row: what the addresses of tiles are made
-- from. Which houses somebody sees follows from the plan in force, whatever plan they look at.
CREATE OR REPLACE FUNCTION data_version(asked bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT left(md5(concat_ws('|',
    (SELECT max(id) FROM import_run), (SELECT max(id) FROM history),
    (SELECT max(id) FROM house), (SELECT max(id) FROM event), (SELECT max(id) FROM area),
    (SELECT concat(count(*), '.', max(xmin::text::bigint)) FROM grid WHERE plan_id = asked),
    (SELECT concat(count(*), '.', max(xmin::text::bigint)) FROM street
     WHERE township_id = (SELECT township_id FROM plan p WHERE p.id = asked)),
    (SELECT p.id FROM plan_in_force p JOIN plan o ON o.township_id = p.township_id WHERE o.id = asked),
    (SELECT string_agg(x::text, ',') FROM pg_snapshot_xip(pg_current_snapshot()) AS x)
)), 12)
$$;
COMMENT ON FUNCTION data_version(bigint) IS
    'runs as the owner: a fingerprint of all rows, whoever asks, tells nothing about one';
