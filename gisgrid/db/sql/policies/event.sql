-- Policies of a table are joined by OR: what is the web's is not asked of the planner's role.
ALTER TABLE event ENABLE ROW LEVEL SECURITY;
-- By its grid in the plan in force or, where it lies in no grid, by its community: as `household`.
CREATE POLICY seen ON event FOR SELECT TO gisgrid_web, gisgrid_views USING (
    township_id = ANY ((SELECT my_townships('see_events'))::bigint[])
    OR EXISTS (
        SELECT FROM event_grid a
        WHERE a.event_id = event.id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
          AND a.grid_id = ANY ((SELECT my_grids('see_events'))::bigint[]))
    OR EXISTS (
        SELECT FROM event_grid a
        WHERE a.event_id = event.id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
          AND a.exclusive_grid_id = ANY ((SELECT my_grids('see_events'))::bigint[]))
    OR (event.community_id IS NOT NULL
        AND event.community_id = ANY ((SELECT my_communities('see_events'))::bigint[])
        AND (SELECT a.grid_id FROM event_grid a
             WHERE a.event_id = event.id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
             LIMIT 1) IS NULL));
CREATE POLICY reported ON event FOR SELECT TO gisgrid_web, gisgrid_views USING (id = my_report());
CREATE POLICY planned ON event FOR SELECT TO gisgrid_planner USING (
    township_id = ANY ((SELECT my_townships('plan'))::bigint[])
    OR township_id = ANY ((SELECT my_townships('review'))::bigint[]));
CREATE POLICY added ON event FOR INSERT TO gisgrid_web, gisgrid_views WITH CHECK (id = my_report());
-- A coordinator moves pins, and has no right to handle.
CREATE POLICY changed ON event FOR UPDATE TO gisgrid_web, gisgrid_views USING (
    id = my_report()
    OR (SELECT has_right('handle_events'))
    OR (SELECT has_right('dispatch')));
CREATE POLICY attached ON event FOR UPDATE TO gisgrid_planner USING (
    township_id = ANY ((SELECT my_townships('plan'))::bigint[])
    OR township_id = ANY ((SELECT my_townships('review'))::bigint[]));
GRANT
    SELECT (id, township_id, code, matter_id, reported_at, due_at, closed_at, source,
        community_id, grid_code, geom, location_status, source_x, source_y, client_id, asset_id),
    INSERT,
    UPDATE (grid_code, geom, location_status, source_x, source_y, asset_id)
ON event TO gisgrid_web;
GRANT SELECT ON event TO gisgrid_views;
GRANT
    SELECT (id, township_id, code, matter_id, reported_at, due_at, closed_at, source,
        community_id, grid_code, geom, location_status, asset_id),
    UPDATE (grid_code)
ON event TO gisgrid_planner;
-- The number of an event is known before it goes in: the transaction names what it reports.
GRANT USAGE ON SEQUENCE event_id_seq TO gisgrid_web;
