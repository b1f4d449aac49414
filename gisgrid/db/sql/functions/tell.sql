-- Writes into the outbox what happened and whom it is told: a row of the argument is one thing and one account, or
-- no account where nobody has the post. The one place that knows by which channels: the badge on one's own pages
-- always, a letter or the gateway where the office has it, the person is known there and wants it. Unasked, only
-- what is urgent goes by these. Pages are told by account; of very many, that anybody may be meant.
CREATE OR REPLACE FUNCTION tell(told jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    heard bigint[];
    payload text;
BEGIN
    IF told IS NULL THEN
        RETURN;
    END IF;
    WITH said AS MATERIALIZED (
        SELECT DISTINCT * FROM jsonb_to_recordset(told) AS r(key text, kind text, urgent boolean, town bigint,
            area bigint, grid text, subject text, subject_id bigint, code text, account bigint)
    ), made AS (
        INSERT INTO outbox_message AS m (key, kind, urgent, township_id, area_id, grid_code, subject, subject_id, code)
        SELECT DISTINCT ON (key) key, kind, urgent, town, area, grid, subject, subject_id, code
        FROM said ORDER BY key
        -- Told already: whoever was not told then is told now.
        ON CONFLICT (key) DO UPDATE SET key = excluded.key
        RETURNING m.id, m.key, m.kind, m.urgent, m.township_id
    ), way AS MATERIALIZED (
        SELECT DISTINCT ON (t.id, c.channel) t.id, c.channel, c.addressed, c.active
        FROM (SELECT DISTINCT township_id AS id FROM made) t
        JOIN outbox_channel c ON c.township_id = t.id OR c.township_id IS NULL
        ORDER BY t.id, c.channel, c.township_id NULLS LAST
    ), planned AS (
        SELECT made.id, said.account, 'badge' AS channel,
               CASE WHEN made.urgent OR w.wanted IS NOT FALSE THEN 'delivered' ELSE 'muted' END AS state
        FROM made JOIN said USING (key)
        LEFT JOIN outbox_wish w ON (w.account_id, w.kind, w.channel) = (said.account, made.kind, 'badge')
        WHERE said.account IS NOT NULL
        UNION ALL
        SELECT made.id, said.account, way.channel, 'waiting'
        FROM made JOIN said USING (key) JOIN way ON way.id IS NOT DISTINCT FROM made.township_id AND way.active
        JOIN outbox_person p ON p.account_id = said.account
        LEFT JOIN outbox_wish w ON (w.account_id, w.kind, w.channel) = (said.account, made.kind, way.channel)
        WHERE CASE way.channel WHEN 'email' THEN p.email ELSE p.address END IS NOT NULL AND way.addressed
          AND coalesce(w.wanted, made.urgent)
        UNION ALL
        SELECT made.id, NULL, way.channel, 'waiting'
        FROM made JOIN way ON way.id IS NOT DISTINCT FROM made.township_id AND way.active AND NOT way.addressed
    ), written AS (
        INSERT INTO outbox_delivery (message_id, account_id, channel, state, next_at)
        SELECT id, account, channel, state, CASE WHEN state = 'waiting' THEN now() END FROM planned
        ON CONFLICT DO NOTHING RETURNING account_id, channel, state
    )
    SELECT array_agg(DISTINCT account_id) INTO heard FROM written WHERE channel = 'badge' AND state = 'delivered';
    IF heard IS NOT NULL THEN
        payload := to_json(heard)::text;
        PERFORM pg_notify('outbox_changed', CASE WHEN length(payload) < 7900 THEN payload ELSE 'null' END);
    END IF;
END $$;
COMMENT ON FUNCTION tell(jsonb) IS
    'runs as the owner: whoever causes something may not read who hears of it';
REVOKE EXECUTE ON FUNCTION tell(jsonb) FROM PUBLIC;
