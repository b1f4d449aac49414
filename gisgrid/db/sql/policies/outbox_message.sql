-- Whom it was told.
ALTER TABLE outbox_message ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON outbox_message FOR SELECT USING (
    EXISTS (SELECT FROM outbox_delivery d WHERE d.message_id = outbox_message.id AND d.account_id = my_account()));
GRANT SELECT ON outbox_message TO gisgrid_web;
