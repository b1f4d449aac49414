-- Who logs in is not known yet: the web presents a name, the word of a session, or a token's hash.
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON account FOR SELECT USING (
    id = my_account()
    OR name = nullif(current_setting('gisgrid.log_in', true), '')
    OR fs_uniquifier = nullif(current_setting('gisgrid.log_in', true), ''));
-- Whose name stands in a view is the view's to say.
CREATE POLICY named ON account FOR SELECT TO gisgrid_views USING (true);
CREATE POLICY changed ON account FOR UPDATE TO gisgrid_web USING (
    id = my_account()
    OR name = nullif(current_setting('gisgrid.log_in', true), '')
    OR fs_uniquifier = nullif(current_setting('gisgrid.log_in', true), ''));
GRANT
    SELECT,
    UPDATE (password_hash, fs_uniquifier, tf_primary_method, tf_totp_secret, mf_recovery_codes,
        last_login_at, tf_last_counter, township_id, text_size, password_once,
        density)
ON account TO gisgrid_web;
GRANT SELECT (id, name, display_name, active, staff_id, last_login_at, tf_primary_method) ON account TO gisgrid_views;
-- Who keeps accounts sees those with a post on their ground, and changes those whose posts all lie there.
CREATE POLICY kept ON account FOR SELECT TO gisgrid_office USING (
    made_by_id = my_account()
    OR id = ANY ((SELECT accounts_under('administer'))::bigint[])
    OR id = ANY ((SELECT accounts_below())::bigint[]));
CREATE POLICY made ON account FOR INSERT TO gisgrid_office WITH CHECK (
    made_by_id = my_account() AND (SELECT has_right('administer'))
    AND (staff_id IS NULL OR EXISTS (SELECT FROM staff s WHERE s.id = staff_id)));
CREATE POLICY managed ON account FOR UPDATE TO gisgrid_office USING (
    id = ANY ((SELECT accounts_below())::bigint[]));
GRANT
    SELECT (id, name, display_name, active, has_password, password_once, staff_id, last_login_at,
        tf_primary_method, made_by_id, created_at),
    INSERT (name, display_name, staff_id, made_by_id),
    UPDATE (active, fs_uniquifier, password_hash, password_once, tf_primary_method, tf_totp_secret,
        tf_last_counter)
ON account TO gisgrid_office;
