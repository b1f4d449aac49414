-- One's own. What is sent, and how it went, is the worker's to write; a person only says that they have read.
ALTER TABLE outbox_delivery ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON outbox_delivery FOR SELECT USING (account_id = my_account());
CREATE POLICY read ON outbox_delivery FOR UPDATE USING (
    account_id = my_account() AND channel = 'badge') WITH CHECK (state = 'read');
GRANT SELECT (id, message_id, account_id, channel, state, ended_at), UPDATE (state, ended_at)
ON outbox_delivery TO gisgrid_web;
