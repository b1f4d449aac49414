ALTER TABLE plan ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON plan FOR SELECT USING (true);
CREATE POLICY drawn ON plan TO gisgrid_planner USING (
    township_id = ANY ((SELECT my_townships('plan'))::bigint[])
    OR township_id = ANY ((SELECT my_townships('review'))::bigint[]));
GRANT SELECT ON plan TO gisgrid_web, gisgrid_views, gisgrid_office;
GRANT SELECT, INSERT, UPDATE, DELETE ON plan TO gisgrid_planner;
