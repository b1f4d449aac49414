-- When the worker last said that it lives; null: never.
CREATE OR REPLACE FUNCTION worker_seen() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT greatest((SELECT max(last_heartbeat) FROM procrastinate.procrastinate_workers),
                    (SELECT max(ran_at) FROM clock_task))
$$;
COMMENT ON FUNCTION worker_seen() IS
    'runs as the owner: the queue''s tables are the worker''s alone';
REVOKE EXECUTE ON FUNCTION worker_seen() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION worker_seen() TO gisgrid_web;
