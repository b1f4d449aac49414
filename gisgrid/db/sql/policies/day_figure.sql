ALTER TABLE day_figure ENABLE ROW LEVEL SECURITY;
-- Who sees every event of the township. Others count what they see, event by event.
CREATE POLICY seen ON day_figure FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_events'))::bigint[]));
GRANT SELECT ON day_figure TO gisgrid_web;
