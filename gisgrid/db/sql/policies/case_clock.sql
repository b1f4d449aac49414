ALTER TABLE case_clock ENABLE ROW LEVEL SECURITY;
-- The board asks for all running clocks at once: one look at the rights, and not one at each case.
CREATE POLICY seen ON case_clock FOR SELECT USING (
    (SELECT holds_everywhere('see_events'))
    OR EXISTS (SELECT FROM event_case c WHERE c.id = case_clock.case_id));
CREATE POLICY added ON case_clock FOR INSERT WITH CHECK (
    EXISTS (SELECT FROM event_case c WHERE c.id = case_clock.case_id));
CREATE POLICY changed ON case_clock FOR UPDATE USING (
    EXISTS (SELECT FROM event_case c WHERE c.id = case_clock.case_id));
GRANT SELECT, INSERT, UPDATE ON case_clock TO gisgrid_web;
GRANT SELECT ON case_clock TO gisgrid_views;
