-- Who logs in is not known yet: the web presents a name, the word of a session, or a token's hash.
ALTER TABLE access_token ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON access_token FOR SELECT USING (
    account_id = my_account()
    OR encode(token_hash, 'hex') = nullif(current_setting('gisgrid.log_in', true), ''));
CREATE POLICY added ON access_token FOR INSERT WITH CHECK (account_id = my_account());
CREATE POLICY changed ON access_token FOR UPDATE USING (
    account_id = my_account()
    OR encode(token_hash, 'hex') = nullif(current_setting('gisgrid.log_in', true), ''));
GRANT SELECT, INSERT, UPDATE (last_used_at, revoked_at) ON access_token TO gisgrid_web;
GRANT SELECT ON access_token TO gisgrid_views;
CREATE POLICY kept ON access_token FOR SELECT TO gisgrid_office USING (
    account_id = ANY ((SELECT accounts_below())::bigint[]));
CREATE POLICY given ON access_token FOR INSERT TO gisgrid_office WITH CHECK (
    account_id = ANY ((SELECT accounts_below())::bigint[]));
CREATE POLICY ended ON access_token FOR UPDATE TO gisgrid_office USING (
    account_id = ANY ((SELECT accounts_below())::bigint[]));
GRANT
    SELECT (id, account_id, name, scopes, expires_at, last_used_at, revoked_at, created_at),
    INSERT (account_id, name, token_hash, scopes, expires_at),
    UPDATE (revoked_at)
ON access_token TO gisgrid_office;
