ALTER TABLE house_grid ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON house_grid FOR SELECT USING (true);
CREATE POLICY drawn ON house_grid TO gisgrid_planner USING (plan_id = ANY ((SELECT my_plans())::bigint[]));
GRANT SELECT ON house_grid TO gisgrid_web, gisgrid_views, gisgrid_office;
GRANT SELECT, INSERT, UPDATE, DELETE ON house_grid TO gisgrid_planner;
