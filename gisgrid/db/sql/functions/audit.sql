-- A row of the audit for whoever acts. Its number, its time and its hash come from `chain_audit`.
CREATE OR REPLACE FUNCTION audit(what text, about text, ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_entry (account_id, account_name, action, subject, row_ids, purpose, origin)
    VALUES (my_account(),
            coalesce((SELECT name FROM account WHERE id = my_account()), session_user::text),
            what, about, ids, my_purpose(), nullif(current_setting('gisgrid.origin', true), ''));
END $$;
