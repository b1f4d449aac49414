ALTER TABLE appointment ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON appointment FOR SELECT USING (
    account_id = my_account()
    OR account_id = ANY ((SELECT accounts_under('administer'))::bigint[]));
GRANT SELECT ON appointment TO gisgrid_web, gisgrid_views;
CREATE POLICY kept ON appointment FOR SELECT TO gisgrid_office USING (
    area_id = ANY ((SELECT administered())::bigint[]) OR (SELECT administers(NULL)));
CREATE POLICY made ON appointment FOR INSERT TO gisgrid_office WITH CHECK (
    administers(area_id) AND NOT stands_above(account_id));
CREATE POLICY moved ON appointment FOR UPDATE TO gisgrid_office USING (
    administers(area_id) AND NOT stands_above(account_id));
CREATE POLICY dropped ON appointment FOR DELETE TO gisgrid_office USING (
    administers(area_id) AND NOT stands_above(account_id));
GRANT SELECT, INSERT (account_id, role, area_id, grid_code, during), UPDATE (during), DELETE
ON appointment TO gisgrid_office;
