-- Stop a job that waits or runs, by whoever `list_jobs` says may; the audit notes it. Empty: it is stopped; else why
-- nothing was done: 'unknown', 'ended', or 'not' for what nobody stops.
CREATE OR REPLACE FUNCTION stop_job(town bigint, on_road text, of_key text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_job record;
    number bigint;
BEGIN
    SELECT * INTO found_job FROM list_jobs(town, NULL) l WHERE l.road = on_road AND l.key = of_key;
    IF NOT FOUND THEN
        RETURN 'unknown';
    END IF;
    -- A study that is being computed cannot be cut off, nor can what attaches: each ends by itself. What the office
    -- ordered is written in one transaction, which comes to nothing where its order was stopped.
    IF on_road = 'attach' OR on_road = 'study' AND found_job.state = 'running' THEN
        RETURN 'not';
    END IF;
    IF NOT found_job.may THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    CASE on_road
    WHEN 'plan' THEN
        UPDATE job SET state = 'cancelled', ended_at = now()
        WHERE id = of_key::bigint AND state IN ('waiting', 'running') RETURNING id INTO number;
    WHEN 'file' THEN
        UPDATE file_import SET state = 'cancelled', ended_at = now()
        WHERE id = of_key::bigint AND state IN ('waiting', 'running') RETURNING id INTO number;
    WHEN 'drill' THEN
        UPDATE backup_drill SET state = 'cancelled', ended_at = now()
        WHERE id = of_key::bigint AND state IN ('waiting', 'running') RETURNING id INTO number;
    WHEN 'office' THEN
        UPDATE office_job SET state = 'cancelled', ended_at = now()
        WHERE id = of_key::bigint AND state IN ('waiting', 'running') RETURNING id INTO number;
        UPDATE subject_request SET state = 'asked'
        WHERE id = found_job.about_id AND number IS NOT NULL AND state = 'making';
    ELSE
        UPDATE study s SET asked_at = NULL, attempts = 0
        WHERE s.plan_id = found_job.about_id AND s.kind = found_job.kind AND s.day = split_part(of_key, '|', 3)::date
          AND s.asked_at IS NOT NULL AND s.attempts = 0 RETURNING s.plan_id INTO number;
    END CASE;
    IF number IS NULL THEN
        RETURN 'ended';
    END IF;
    PERFORM audit('cancel', 'job: ' || found_job.kind, ARRAY[number]);
    RETURN '';
END $$;
COMMENT ON FUNCTION stop_job(bigint, text, text) IS
    'runs as the owner: who administers a township stops what others ordered there';
REVOKE EXECUTE ON FUNCTION stop_job(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stop_job(bigint, text, text) TO gisgrid_web;
