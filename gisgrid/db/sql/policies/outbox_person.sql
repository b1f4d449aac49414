ALTER TABLE outbox_person ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON outbox_person USING (account_id = my_account());
GRANT SELECT, INSERT, UPDATE ON outbox_person TO gisgrid_web;
