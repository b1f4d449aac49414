ALTER TABLE read_receipt ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON read_receipt FOR SELECT TO gisgrid_web, gisgrid_views USING (
    read_receipt.staff_id = (SELECT k.staff_id FROM account k WHERE k.id = my_account())
    OR EXISTS (SELECT FROM staff s WHERE s.id = read_receipt.staff_id));
CREATE POLICY added ON read_receipt FOR INSERT TO gisgrid_web WITH CHECK (
    staff_id = (SELECT k.staff_id FROM account k WHERE k.id = my_account()));
GRANT SELECT, INSERT (version_id, staff_id) ON read_receipt TO gisgrid_web;
GRANT SELECT ON read_receipt TO gisgrid_views;
CREATE POLICY counted ON read_receipt FOR SELECT TO gisgrid_office USING (
    EXISTS (
        SELECT FROM document_version v JOIN document d ON d.id = v.document_id
        WHERE v.id = version_id AND d.township_id = ANY ((SELECT my_townships('load'))::bigint[])));
GRANT SELECT ON read_receipt TO gisgrid_office;
