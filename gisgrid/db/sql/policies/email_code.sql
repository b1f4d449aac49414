-- One's own address that waits; its code is the worker's to write, and read by `confirm_email` alone.
ALTER TABLE email_code ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON email_code FOR SELECT USING (account_id = my_account());
GRANT SELECT (account_id, email, asked_at, expires_at) ON email_code TO gisgrid_web;
