ALTER TABLE appointment ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON appointment FOR SELECT USING (
    account_id = my_account()
    OR account_id = ANY ((SELECT accounts_under('administer'))::bigint[]));
GRANT SELECT ON appointment TO gisgrid_web, gisgrid_views;
