-- Which channels there are is no secret; where they lead, and by which key, is the owner's.
ALTER TABLE outbox_channel ENABLE ROW LEVEL SECURITY;
CREATE POLICY known ON outbox_channel FOR SELECT TO gisgrid_web USING (my_account() IS NOT NULL);
GRANT SELECT (township_id, channel, addressed, active) ON outbox_channel TO gisgrid_web;
