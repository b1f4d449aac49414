-- Puts a question about a plan on a day in the queue of studies.
CREATE OR REPLACE FUNCTION ask_study(asked bigint, asked_kind text, asked_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM plan WHERE id = asked AND township_id = ANY (my_townships('plan'))) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    INSERT INTO study (plan_id, kind, day, asked_at, asked_by)
    VALUES (asked, asked_kind, asked_day, now(), (SELECT name FROM account WHERE id = my_account()))
    ON CONFLICT (plan_id, kind, day) DO UPDATE SET
        asked_by = CASE WHEN study.asked_at IS NULL THEN excluded.asked_by ELSE study.asked_by END,
        asked_at = coalesce(study.asked_at, now());
END $$;
COMMENT ON FUNCTION ask_study(bigint, text, date) IS
    'runs as the owner: who asks for an answer may not write one';
REVOKE EXECUTE ON FUNCTION ask_study(bigint, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ask_study(bigint, text, date) TO gisgrid_web;
