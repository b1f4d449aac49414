ALTER TABLE staff ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON staff FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_contacts'))::bigint[])
    OR id = ANY ((SELECT my_colleagues())::bigint[]));
GRANT SELECT (id, township_id, code, body) ON staff TO gisgrid_web;
GRANT SELECT ON staff TO gisgrid_views;
-- Codes alone: who keeps accounts and teams says whom they mean by them.
CREATE POLICY kept ON staff FOR SELECT TO gisgrid_office USING (
    township_id = ANY ((SELECT my_townships('administer'))::bigint[])
    OR township_id = ANY ((SELECT my_townships('load'))::bigint[]));
GRANT SELECT (id, township_id, code, body) ON staff TO gisgrid_office;
CREATE POLICY added ON staff FOR INSERT TO gisgrid_office WITH CHECK (
    township_id = ANY ((SELECT my_townships('load'))::bigint[]));
GRANT INSERT (township_id, code, name, phone, body) ON staff TO gisgrid_office;
