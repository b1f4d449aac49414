ALTER TABLE shortlist ENABLE ROW LEVEL SECURITY;
-- Everybody's own.
CREATE POLICY own ON shortlist FOR ALL USING (account_id = (SELECT my_account()))
WITH CHECK (account_id = (SELECT my_account()) AND EXISTS (SELECT FROM event_case c WHERE c.id = shortlist.case_id));
GRANT SELECT, INSERT, DELETE ON shortlist TO gisgrid_web;
