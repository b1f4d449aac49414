ALTER TABLE event_grid ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON event_grid FOR SELECT TO gisgrid_web, gisgrid_views USING ((SELECT has_right('see_events')));
CREATE POLICY reported ON event_grid TO gisgrid_web, gisgrid_views USING (event_id = my_report());
CREATE POLICY added ON event_grid FOR INSERT TO gisgrid_web, gisgrid_views WITH CHECK (
    (SELECT has_right('handle_events')) OR (SELECT has_right('dispatch')));
CREATE POLICY changed ON event_grid FOR UPDATE TO gisgrid_web, gisgrid_views USING (
    (SELECT has_right('handle_events')) OR (SELECT has_right('dispatch')));
CREATE POLICY gone ON event_grid FOR DELETE TO gisgrid_web, gisgrid_views USING (
    (SELECT has_right('handle_events')) OR (SELECT has_right('dispatch')));
CREATE POLICY drawn ON event_grid TO gisgrid_planner USING (plan_id = ANY ((SELECT my_plans())::bigint[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON event_grid TO gisgrid_web, gisgrid_planner;
GRANT SELECT ON event_grid TO gisgrid_views;
