ALTER TABLE setting_change ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON setting_change FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('administer'))::bigint[]));
GRANT SELECT ON setting_change TO gisgrid_web, gisgrid_office;
