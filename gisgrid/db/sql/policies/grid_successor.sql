ALTER TABLE grid_successor ENABLE ROW LEVEL SECURITY;
-- How many houses and people went where is the planner's; the shares are what a redraw makes
-- known.
CREATE POLICY seen ON grid_successor FOR SELECT TO gisgrid_web USING (true);
CREATE POLICY drawn ON grid_successor TO gisgrid_planner USING (plan_id = ANY ((SELECT my_plans())::bigint[]));
GRANT SELECT (id, plan_id, old_code, new_code, share) ON grid_successor TO gisgrid_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON grid_successor TO gisgrid_planner;
