ALTER TABLE outbox_wish ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON outbox_wish USING (account_id = my_account());
GRANT SELECT, INSERT, UPDATE ON outbox_wish TO gisgrid_web;
