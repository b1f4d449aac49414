-- What was answered to questions of a task at a house, as {question: value}, a photo's value being null. The present
-- answers of these questions become former ones and stay; what was written down before the present one, and comes after
-- it, is former at once, and `late_one` says so. What the same account sent under the same key before is answered as it
-- was, and other words under that key are refused. `seen` is the newest answer that the page knew of: where somebody else
-- answered since, the caller is told.
-- Values were looked at by the caller; here stands whose ground it is, and whether the task still asks.
CREATE OR REPLACE FUNCTION answer_collection(
    of_task bigint, of_house bigint, words jsonb, seen bigint, page_key text, entered timestamptz
) RETURNS TABLE (question bigint, answer bigint, over_another boolean, late_one boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    t collection_task;
    moment timestamptz := coalesce(entered, now());
BEGIN
    SELECT * INTO t FROM collection_task WHERE id = of_task FOR SHARE;
    IF NOT FOUND OR NOT house_within('keep_register', of_house, t.township_id)
        OR NOT EXISTS (SELECT FROM task_ground c WHERE c.task_id = of_task AND c.house_id = of_house) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    -- One at a time of a house: the second tap waits for the first, and finds it.
    PERFORM pg_advisory_xact_lock(hashtextextended('collection_answer', of_house));
    RETURN QUERY SELECT a.question_id, a.id, false, a.replaced_at = a.at FROM collection_answer a
        WHERE a.account_id = my_account() AND a.client_id = page_key AND a.task_id = of_task AND a.house_id = of_house;
    IF FOUND THEN
        IF words <> (SELECT jsonb_object_agg(a.question_id, a.value) FROM collection_answer a
            WHERE a.account_id = my_account() AND a.client_id = page_key AND a.task_id = of_task
              AND a.house_id = of_house) THEN
            RAISE EXCEPTION 'other words' USING ERRCODE = 'unique_violation';
        END IF;
        RETURN;
    END IF;
    -- What was written down before the end counts, however late it comes.
    IF t.state = 'draft' OR t.state = 'ended' AND (entered IS NULL OR entered > t.ended_at) THEN
        RAISE EXCEPTION 'ended' USING ERRCODE = 'no_data_found';
    END IF;
    RETURN QUERY
    WITH said AS (
        SELECT q.id FROM jsonb_object_keys(words) s (key) JOIN collection_question q ON q.id = s.key::bigint
        WHERE q.task_id = of_task
    ), was AS (
        UPDATE collection_answer o SET replaced_at = now() FROM said
        WHERE o.question_id = said.id AND o.house_id = of_house AND o.replaced_at IS NULL
          AND coalesce(o.entered_at, o.at) <= moment
        RETURNING o.question_id, o.id, o.account_id
    )
    SELECT said.id, NULL::bigint, coalesce(was.id > seen AND was.account_id <> my_account(), false), false
    FROM said LEFT JOIN was ON was.question_id = said.id;
    RETURN QUERY INSERT INTO collection_answer AS o
        (township_id, task_id, question_id, house_id, value, account_id, who, entered_at, client_id, replaced_at)
    SELECT t.township_id, of_task, q.id, of_house, s.value, k.id, k.display_name, entered, page_key,
           CASE WHEN EXISTS (SELECT FROM collection_answer n WHERE n.question_id = q.id AND n.house_id = of_house
                             AND n.replaced_at IS NULL) THEN now() END
    FROM jsonb_each_text(words) s JOIN collection_question q ON q.id = s.key::bigint AND q.task_id = of_task
    JOIN account k ON k.id = my_account()
    RETURNING o.question_id, o.id, false, o.replaced_at IS NOT NULL;
END $$;
COMMENT ON FUNCTION answer_collection(bigint, bigint, jsonb, bigint, text, timestamptz) IS
    'runs as the owner: who keeps the register of a house writes it, and may not read it';
REVOKE EXECUTE ON FUNCTION answer_collection(bigint, bigint, jsonb, bigint, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION answer_collection(bigint, bigint, jsonb, bigint, text, timestamptz) TO gisgrid_web;
