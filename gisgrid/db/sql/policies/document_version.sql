-- What is issued and taught is no secret; who read and attended is seen by who sees the staff, and
-- by the person.
ALTER TABLE document_version ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON document_version FOR SELECT USING (true);
CREATE POLICY issued ON document_version FOR INSERT TO gisgrid_office WITH CHECK (
    EXISTS (
        SELECT FROM document d
        WHERE d.id = document_id AND d.township_id = ANY ((SELECT my_townships('load'))::bigint[])));
GRANT SELECT ON document_version TO gisgrid_web, gisgrid_views, gisgrid_office;
GRANT INSERT (document_id, number, file_name, media_type, content, sha256, issued_on, issued_by, due_on)
ON document_version TO gisgrid_office;
