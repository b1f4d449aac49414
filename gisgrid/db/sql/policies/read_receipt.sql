ALTER TABLE read_receipt ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON read_receipt FOR SELECT USING (
    read_receipt.staff_id = (SELECT k.staff_id FROM account k WHERE k.id = my_account())
    OR EXISTS (SELECT FROM staff s WHERE s.id = read_receipt.staff_id));
CREATE POLICY added ON read_receipt FOR INSERT WITH CHECK (
    staff_id = (SELECT k.staff_id FROM account k WHERE k.id = my_account()));
GRANT SELECT, INSERT (version_id, staff_id) ON read_receipt TO gisgrid_web;
GRANT SELECT ON read_receipt TO gisgrid_views;
