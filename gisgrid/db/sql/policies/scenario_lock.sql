ALTER TABLE scenario_lock ENABLE ROW LEVEL SECURITY;
CREATE POLICY drawn ON scenario_lock TO gisgrid_planner USING (plan_id = ANY ((SELECT my_plans())::bigint[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON scenario_lock TO gisgrid_planner;
