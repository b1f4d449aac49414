-- Which channels there are is no secret; where they lead is known to who administers the township, or for the
-- installation's to who administers all of them. The key is the owner's: it is written and never read.
ALTER TABLE outbox_channel ENABLE ROW LEVEL SECURITY;
CREATE POLICY known ON outbox_channel FOR SELECT TO gisgrid_web USING (my_account() IS NOT NULL);
CREATE POLICY kept ON outbox_channel TO gisgrid_office USING (
    township_id = ANY ((SELECT my_townships('administer'))::bigint[])
    OR township_id IS NULL AND holds_everywhere('administer'));
GRANT SELECT (township_id, channel, addressed, active) ON outbox_channel TO gisgrid_web;
GRANT SELECT (id, township_id, channel, addressed, active, config, has_secret, changed_at),
    INSERT (township_id, channel, addressed, active, config, secret),
    UPDATE (addressed, active, config, secret, changed_at), DELETE ON outbox_channel TO gisgrid_office;
