-- A draft is for who issues it and for the offices of the communities that are asked.
ALTER TABLE document_draft ENABLE ROW LEVEL SECURITY;
CREATE POLICY asked ON document_draft FOR SELECT TO gisgrid_web USING (
    EXISTS (
        SELECT FROM area c
        WHERE c.parent_id = township_id AND (communities = '{}' OR c.code = ANY (communities))
          AND c.id = ANY ((SELECT my_communities('see_contacts'))::bigint[])));
CREATE POLICY kept ON document_draft TO gisgrid_office USING (
    township_id = ANY ((SELECT my_townships('load'))::bigint[]));
GRANT SELECT ON document_draft TO gisgrid_web, gisgrid_office;
GRANT
    INSERT (township_id, code, title, file_name, media_type, content, sha256, sent_on, sent_by, answer_by,
        communities),
    UPDATE (version_id)
ON document_draft TO gisgrid_office;
