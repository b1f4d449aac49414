ALTER TABLE event_case ENABLE ROW LEVEL SECURITY;
-- The first condition needs no look at the event: a board reads all cases of a township.
CREATE POLICY seen ON event_case FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_events'))::bigint[])
    OR EXISTS (SELECT FROM event e WHERE e.id = event_case.event_id));
CREATE POLICY added ON event_case FOR INSERT WITH CHECK (
    EXISTS (SELECT FROM event e WHERE e.id = event_case.event_id));
CREATE POLICY changed ON event_case FOR UPDATE USING (
    EXISTS (SELECT FROM event e WHERE e.id = event_case.event_id));
GRANT SELECT, INSERT, UPDATE ON event_case TO gisgrid_web;
GRANT SELECT ON event_case TO gisgrid_views;
