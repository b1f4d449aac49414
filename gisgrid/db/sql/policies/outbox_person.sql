-- An e-mail address stands here once it is confirmed: `confirm_email` writes it, `forget_email` takes it away.
ALTER TABLE outbox_person ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON outbox_person USING (account_id = my_account());
GRANT
    SELECT,
    INSERT (account_id, address, language, quiet_from, quiet_until, sound),
    UPDATE (address, language, quiet_from, quiet_until, sound)
ON outbox_person TO gisgrid_web;
