-- Whom it was told.
ALTER TABLE outbox_message ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON outbox_message FOR SELECT TO gisgrid_web USING (
    EXISTS (SELECT FROM outbox_delivery d WHERE d.message_id = outbox_message.id AND d.account_id = my_account()));
CREATE POLICY kept ON outbox_message FOR SELECT TO gisgrid_office USING (
    township_id = ANY ((SELECT my_townships('administer'))::bigint[])
    OR township_id = ANY ((SELECT my_townships('audit'))::bigint[]));
GRANT SELECT ON outbox_message TO gisgrid_web;
GRANT SELECT (id, kind, urgent, township_id, code, at) ON outbox_message TO gisgrid_office;
