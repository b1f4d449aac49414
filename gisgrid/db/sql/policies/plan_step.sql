ALTER TABLE plan_step ENABLE ROW LEVEL SECURITY;
CREATE POLICY drawn ON plan_step TO gisgrid_planner USING (plan_id = ANY ((SELECT my_plans())::bigint[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON plan_step TO gisgrid_planner;
