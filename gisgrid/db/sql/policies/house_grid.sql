ALTER TABLE house_grid ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON house_grid FOR SELECT USING (true);
CREATE POLICY drawn ON house_grid TO gisgrid_planner USING (plan_id = ANY ((SELECT my_plans())::bigint[]));
-- A house that this very transaction made by `apply_entry`, and no other.
CREATE POLICY entered ON house_grid FOR INSERT TO gisgrid_web WITH CHECK (
    EXISTS (SELECT FROM house_change c WHERE c.successor_id = house_grid.house_id AND c.at = now()
            AND c.change IN ('new', 'split', 'back')));
CREATE POLICY entered_again ON house_grid FOR UPDATE TO gisgrid_web USING (
    EXISTS (SELECT FROM house_change c WHERE c.successor_id = house_grid.house_id AND c.at = now()
            AND c.change IN ('new', 'split', 'back')));
CREATE POLICY entered_gone ON house_grid FOR DELETE TO gisgrid_web USING (
    EXISTS (SELECT FROM house_change c WHERE c.successor_id = house_grid.house_id AND c.at = now()
            AND c.change IN ('new', 'split', 'back')));
GRANT SELECT, INSERT, UPDATE, DELETE ON house_grid TO gisgrid_web;
GRANT SELECT ON house_grid TO gisgrid_views, gisgrid_office;
GRANT SELECT, INSERT, UPDATE, DELETE ON house_grid TO gisgrid_planner;
