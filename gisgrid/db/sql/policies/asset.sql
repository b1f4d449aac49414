ALTER TABLE asset ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON asset FOR SELECT TO gisgrid_web, gisgrid_views USING ((SELECT has_right('see_events')));
-- Whoever reports learns of the list, since their report follows it.
CREATE POLICY reported ON asset FOR SELECT TO gisgrid_web USING (my_report() IS NOT NULL);
-- The planner's role attaches events.
CREATE POLICY planned ON asset FOR SELECT TO gisgrid_planner USING (
    township_id = ANY ((SELECT my_townships('plan'))::bigint[])
    OR township_id = ANY ((SELECT my_townships('review'))::bigint[]));
GRANT SELECT ON asset TO gisgrid_web, gisgrid_views;
GRANT SELECT (id, township_id, code, grid_code, geom, reach_m, during) ON asset TO gisgrid_planner;
