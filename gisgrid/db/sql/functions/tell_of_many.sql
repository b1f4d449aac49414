-- After many cases took a step in one act: who hears of several of them hears of all in one message, which says how
-- many; who hears of one hears of it as of any. The steps are the last ones of the cases, and whoever acts took them.
CREATE OR REPLACE FUNCTION tell_of_many(cases bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    steps bigint[];
BEGIN
    SELECT array_agg(s.id) INTO steps
    FROM event_case c JOIN case_step s ON (s.case_id, s.seq) = (c.id, c.seq) JOIN account k ON k.name = s.actor
    WHERE c.id = ANY (cases) AND k.id = my_account();
    IF steps IS NULL THEN
        RETURN;
    END IF;
    PERFORM tell((WITH heard AS MATERIALIZED (
        SELECT * FROM heard_of_steps(steps)
    ), each AS (
        SELECT kind, town, account, array_agg(step_id ORDER BY step_id) AS ids, min(case_id) AS case_id, min(code) AS code,
               CASE WHEN min(area) = max(area) AND count(area) = count(*) THEN min(area) END AS area,
               CASE WHEN min(grid) = max(grid) AND count(grid) = count(*) THEN min(grid) END AS grid
        FROM heard GROUP BY kind, town, account
    )
    SELECT jsonb_agg(jsonb_build_object(
        'key', CASE WHEN cardinality(ids) = 1 THEN 'step:' || ids[1]
                    ELSE 'steps:' || ids[cardinality(ids)] || ':' || md5(ids::text) END,
        'kind', kind, 'urgent', false, 'town', town, 'area', area, 'grid', grid,
        'subject', CASE WHEN cardinality(ids) = 1 THEN 'case' ELSE 'cases' END,
        'subject_id', CASE WHEN cardinality(ids) = 1 THEN case_id ELSE ids[cardinality(ids)] END,
        'code', CASE WHEN cardinality(ids) = 1 THEN code ELSE cardinality(ids)::text END, 'account', account))
    FROM each));
END $$;
COMMENT ON FUNCTION tell_of_many(bigint[]) IS
    'runs as the owner: as tell does, of steps alone that whoever asks has taken';
