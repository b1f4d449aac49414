ALTER TABLE scenario_move ENABLE ROW LEVEL SECURITY;
CREATE POLICY drawn ON scenario_move TO gisgrid_planner USING (plan_id = ANY ((SELECT my_plans())::bigint[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON scenario_move TO gisgrid_planner;
