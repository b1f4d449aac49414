ALTER TABLE suggestion ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON suggestion FOR SELECT USING (
    EXISTS (SELECT FROM event_case c WHERE c.id = suggestion.case_id));
CREATE POLICY added ON suggestion FOR INSERT WITH CHECK (
    EXISTS (SELECT FROM event_case c WHERE c.id = suggestion.case_id));
CREATE POLICY changed ON suggestion FOR UPDATE USING (
    EXISTS (SELECT FROM event_case c WHERE c.id = suggestion.case_id));
GRANT SELECT, INSERT, UPDATE (accepted) ON suggestion TO gisgrid_web;
GRANT SELECT ON suggestion TO gisgrid_views;
