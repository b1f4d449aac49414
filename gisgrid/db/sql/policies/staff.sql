ALTER TABLE staff ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON staff FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_contacts'))::bigint[])
    OR EXISTS (
        SELECT FROM team_member m
        JOIN plan p ON p.township_id = m.township_id
        JOIN grid g ON g.plan_id = p.id AND g.code = m.grid_code
        WHERE m.staff_id = staff.id AND m.during @> today_in(m.township_id)
          AND g.id = ANY ((SELECT my_grids('see_contacts'))::bigint[])));
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
