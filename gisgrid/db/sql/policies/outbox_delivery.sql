-- One's own. What is sent, and how it went, is the worker's to write; a person only says that they have read.
ALTER TABLE outbox_delivery ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON outbox_delivery FOR SELECT TO gisgrid_web USING (account_id = my_account());
CREATE POLICY read ON outbox_delivery FOR UPDATE TO gisgrid_web USING (
    account_id = my_account() AND channel = 'badge') WITH CHECK (state = 'read');
-- How it went with the messages of a township, and that what was given up be tried again; not whom each was for.
CREATE POLICY kept ON outbox_delivery FOR SELECT TO gisgrid_office USING (EXISTS (
    SELECT FROM outbox_message m WHERE m.id = outbox_delivery.message_id
      AND (m.township_id = ANY ((SELECT my_townships('administer'))::bigint[])
           OR m.township_id = ANY ((SELECT my_townships('audit'))::bigint[]))));
CREATE POLICY retried ON outbox_delivery FOR UPDATE TO gisgrid_office USING (state = 'failed' AND EXISTS (
    SELECT FROM outbox_message m WHERE m.id = outbox_delivery.message_id
      AND m.township_id = ANY ((SELECT my_townships('administer'))::bigint[]))) WITH CHECK (state = 'waiting');
GRANT SELECT (id, message_id, channel, state, tries, next_at, ended_at, failed),
    UPDATE (state, tries, next_at, ended_at) ON outbox_delivery TO gisgrid_office;
GRANT SELECT (id, message_id, account_id, channel, state, ended_at), UPDATE (state, ended_at)
ON outbox_delivery TO gisgrid_web;
