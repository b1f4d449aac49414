ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON audit_entry FOR SELECT USING (
    account_id = ANY ((SELECT accounts_under('audit'))::bigint[])
    OR EXISTS (SELECT FROM appointments_with('audit') m WHERE m.area_id IS NULL));
CREATE POLICY added ON audit_entry FOR INSERT TO gisgrid_views WITH CHECK (true);
GRANT SELECT ON audit_entry TO gisgrid_web;
GRANT SELECT, INSERT ON audit_entry TO gisgrid_views;
