-- Said by the office of a community that is asked, as long as comments are taken; answered by who sent the draft. All
-- who are asked read all of it.
ALTER TABLE draft_comment ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON draft_comment FOR SELECT TO gisgrid_web USING (
    EXISTS (SELECT FROM document_draft d WHERE d.id = draft_id));
CREATE POLICY said ON draft_comment FOR INSERT TO gisgrid_web WITH CHECK (
    community_id = ANY ((SELECT my_communities('see_contacts'))::bigint[])
    AND EXISTS (
        SELECT FROM document_draft d JOIN area c ON c.id = community_id AND c.parent_id = d.township_id
        WHERE d.id = draft_id AND d.version_id IS NULL AND d.answer_by >= today_in(d.township_id)
          AND (d.communities = '{}' OR c.code = ANY (d.communities))));
CREATE POLICY kept ON draft_comment TO gisgrid_office USING (
    EXISTS (SELECT FROM document_draft d WHERE d.id = draft_id));
GRANT SELECT, INSERT (draft_id, community_id, text, who) ON draft_comment TO gisgrid_web;
GRANT SELECT, UPDATE (answer, answered_by, answered_at) ON draft_comment TO gisgrid_office;
