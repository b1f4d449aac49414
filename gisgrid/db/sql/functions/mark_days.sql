-- Marks the days of report whose kept figures no longer hold, in the transaction that changes something
-- settled. Marks are only added, so that nobody waits for who counts a day again; a transaction
-- marks a day once, and never trusts the mark of another, which may just be counted away.
CREATE OR REPLACE FUNCTION mark_days(townships bigint[], days date[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO stale_day (township_id, day)
    SELECT DISTINCT m.township_id, m.day FROM unnest(townships, days) AS m(township_id, day)
    WHERE NOT EXISTS (SELECT FROM stale_day s WHERE s.township_id = m.township_id AND s.day = m.day
                      AND s.xact = txid_current())
$$;
COMMENT ON FUNCTION mark_days(bigint[], date[]) IS
    'runs as the owner: whoever changes a case has changed the figures of its day';
REVOKE EXECUTE ON FUNCTION mark_days(bigint[], date[]) FROM PUBLIC;
