ALTER TABLE grid ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON grid FOR SELECT USING (true);
CREATE POLICY drawn ON grid TO gisgrid_planner USING (plan_id = ANY ((SELECT my_plans())::bigint[]));
GRANT SELECT ON grid TO gisgrid_web, gisgrid_views, gisgrid_office;
GRANT SELECT, INSERT, UPDATE, DELETE ON grid TO gisgrid_planner;
