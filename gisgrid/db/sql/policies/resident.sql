ALTER TABLE resident ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON resident FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_register'))::bigint[])
    OR EXISTS (SELECT FROM household f WHERE f.id = resident.household_id));
GRANT SELECT (id, township_id, household_id, verified_on) ON resident TO gisgrid_web;
GRANT SELECT ON resident TO gisgrid_views;
