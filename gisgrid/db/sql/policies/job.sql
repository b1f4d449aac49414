ALTER TABLE job ENABLE ROW LEVEL SECURITY;
CREATE POLICY drawn ON job TO gisgrid_planner USING (plan_id = ANY ((SELECT my_plans())::bigint[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON job TO gisgrid_planner;
