ALTER TABLE case_step ENABLE ROW LEVEL SECURITY;
-- Figures read all steps of a year: one look at the rights, and not one at each case.
CREATE POLICY seen ON case_step FOR SELECT USING (
    (SELECT holds_everywhere('see_events'))
    OR EXISTS (SELECT FROM event_case c WHERE c.id = case_step.case_id));
CREATE POLICY added ON case_step FOR INSERT WITH CHECK (
    EXISTS (SELECT FROM event_case c WHERE c.id = case_step.case_id));
GRANT SELECT, INSERT ON case_step TO gisgrid_web;
GRANT SELECT ON case_step TO gisgrid_views;
-- A board asks how far the log has come.
GRANT SELECT ON SEQUENCE case_step_id_seq TO gisgrid_web;
