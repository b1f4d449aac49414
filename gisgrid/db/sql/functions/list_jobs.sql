-- What pages ordered for a township and the worker does, newest first, as far as whoever acts has to do with it: plans
-- for who draws or reviews them, files for who loads them, drills for who administers the whole store, answers to people
-- for who gives them; all but the names of files for who administers the township. `may`:
-- whether they may stop it; `again`: have it done once more.
CREATE OR REPLACE FUNCTION list_jobs(town bigint, most integer)
RETURNS TABLE (road text, key text, kind text, about text, about_id bigint, who text, asked_at timestamptz,
               ended_at timestamptz, state text, done integer, total integer, doing text, failed text,
               may boolean, again boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    all_of_it boolean := owns_the_store();
    keeps boolean := all_of_it OR town = ANY (my_townships('administer'));
    draws boolean := all_of_it OR town = ANY (my_townships('plan'));
    reviews boolean := town = ANY (my_townships('review'));
    loads boolean := all_of_it OR town = ANY (my_townships('load'));
    loads_all boolean := all_of_it OR may_load('areas', NULL);
    keeps_all boolean := all_of_it OR my_account() IS NOT NULL AND holds_everywhere('administer') AND keeps;
    answers boolean := all_of_it OR town = ANY (my_townships('answer_subjects'));
    of_town text := (SELECT a.code FROM area a WHERE a.id = town);
BEGIN
    RETURN QUERY
    SELECT * FROM (
        SELECT 'plan', j.id::text, j.kind, p.name, p.id, j.who, j.ordered_at, j.ended_at, j.state, j.done, j.total,
               j.doing, j.failed, draws OR keeps, draws AND j.kind IN ('rebalance', 'check')
        FROM job j JOIN plan p ON p.id = j.plan_id
        WHERE p.township_id = town AND (draws OR reviews OR keeps)
        UNION ALL
        SELECT 'attach', q.id::text, 'attach', p.name, p.id, NULL, e.at, NULL,
               CASE q.status WHEN 'doing' THEN 'running' ELSE 'waiting' END, 0, NULL, '', NULL, false, false
        FROM procrastinate.procrastinate_jobs q JOIN plan p ON p.id = (q.args ->> 'plan_id')::bigint
        LEFT JOIN LATERAL (
            SELECT min(e.at) AS at FROM procrastinate.procrastinate_events e WHERE e.job_id = q.id) e ON true
        WHERE q.task_name = 'editor.complete' AND q.status IN ('todo', 'doing') AND p.township_id = town
          AND (draws OR reviews OR keeps)
        UNION ALL
        SELECT 'study', s.plan_id || '|' || s.kind || '|' || s.day, s.kind, p.name, p.id, s.asked_by,
               coalesce(s.asked_at, s.made_at, s.told_at),
               CASE WHEN s.asked_at IS NULL THEN coalesce(s.made_at, s.told_at) END,
               CASE WHEN s.asked_at IS NOT NULL AND s.attempts > 0 THEN 'running'
                    WHEN s.asked_at IS NOT NULL THEN 'waiting'
                    WHEN s.failed IS NOT NULL THEN 'failed' WHEN s.body IS NOT NULL THEN 'done' ELSE 'cancelled' END,
               coalesce(s.step, 0), s.steps, coalesce(s.doing, ''), s.failed, draws OR keeps, draws
        FROM study s JOIN plan p ON p.id = s.plan_id
        WHERE p.township_id = town AND (draws OR keeps)
        UNION ALL
        SELECT 'file', i.id::text, i.task, CASE WHEN mine.may THEN i.file_name END,
               CASE WHEN mine.may THEN i.id END, i.who, i.asked_at, i.ended_at, i.state, i.done, i.total, i.doing,
               i.failed, mine.may OR keeps, mine.may AND i.gone_at IS NULL
        FROM file_import i
        CROSS JOIN LATERAL (
            SELECT CASE WHEN i.township = of_town THEN loads
                        ELSE loads_all OR i.account_id = my_account() AND loads END AS may) mine
        WHERE (i.township = of_town AND (loads OR keeps)) OR i.township IS NULL AND mine.may
        UNION ALL
        SELECT 'drill', d.id::text, 'drill', d.backup_id::text, d.backup_id, d.who, d.asked_at, d.ended_at, d.state,
               d.done, d.total, d.doing, d.failed, true, true
        FROM backup_drill d WHERE keeps_all
        UNION ALL
        SELECT 'office', o.id::text, o.kind, o.request_id::text, o.request_id, o.who, o.asked_at, o.ended_at, o.state,
               0, NULL, '', o.failed, keeps OR o.kind = 'subject',
               CASE o.kind WHEN 'subject' THEN answers ELSE keeps END
        FROM office_job o
        WHERE o.township_id = town AND (keeps OR o.kind = 'subject' AND answers)
    ) each (road, key, kind, about, about_id, who, asked_at, ended_at, state, done, total, doing, failed, may,
           again)
    ORDER BY each.state IN ('waiting', 'running') DESC, each.asked_at DESC NULLS FIRST, each.road, each.key
    LIMIT most;
END $$;
COMMENT ON FUNCTION list_jobs(bigint, integer) IS
    'runs as the owner: jobs of five roads, each with a table of its own that the asker may not read';
REVOKE EXECUTE ON FUNCTION list_jobs(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION list_jobs(bigint, integer) TO gisgrid_web, gisgrid_planner;
