-- Who logs in is not known yet: the web presents a name, the word of a session, or a token's hash.
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON account FOR SELECT USING (
    id = my_account()
    OR name = nullif(current_setting('gisgrid.log_in', true), '')
    OR fs_uniquifier = nullif(current_setting('gisgrid.log_in', true), ''));
-- Whose name stands in a view is the view's to say.
CREATE POLICY named ON account FOR SELECT TO gisgrid_views USING (true);
CREATE POLICY changed ON account FOR UPDATE USING (
    id = my_account()
    OR name = nullif(current_setting('gisgrid.log_in', true), '')
    OR fs_uniquifier = nullif(current_setting('gisgrid.log_in', true), ''));
GRANT
    SELECT,
    UPDATE (password_hash, fs_uniquifier, tf_primary_method, tf_totp_secret, mf_recovery_codes,
        last_login_at, tf_last_counter, township_id, text_size,
        density)
ON account TO gisgrid_web;
GRANT SELECT (id, name, display_name, active, staff_id, last_login_at, tf_primary_method) ON account TO gisgrid_views;
