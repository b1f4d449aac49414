-- One's own phones; and that there are some, for whoever keeps the account, who may withdraw but not read.
ALTER TABLE phone_half ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON phone_half USING (account_id = (SELECT my_account()))
    WITH CHECK (account_id = (SELECT my_account()));
GRANT
    SELECT,
    INSERT (account_id, device, half),
    UPDATE (seen_at, withdrawn_at, withdrawn_by)
ON phone_half TO gisgrid_web;
CREATE POLICY kept ON phone_half FOR SELECT TO gisgrid_office USING (
    account_id = ANY ((SELECT accounts_below())::bigint[]));
CREATE POLICY withdrawn ON phone_half FOR UPDATE TO gisgrid_office USING (
    account_id = ANY ((SELECT accounts_below())::bigint[]));
GRANT
    SELECT (id, account_id, made_at, seen_at, withdrawn_at, withdrawn_by),
    UPDATE (withdrawn_at, withdrawn_by)
ON phone_half TO gisgrid_office;
