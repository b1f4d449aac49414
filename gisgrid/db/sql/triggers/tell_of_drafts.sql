-- The offices of the communities that a draft is sent to hear that it awaits their comments.
CREATE OR REPLACE FUNCTION tell_of_drafts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM tell(jsonb_agg(jsonb_build_object(
        'key', 'draft:' || d.id, 'kind', 'draft', 'urgent', false, 'town', d.township_id, 'area', NULL,
        'grid', NULL, 'subject', 'draft', 'subject_id', d.id, 'code', d.code, 'account', h.account_id)))
    FROM fresh d
    LEFT JOIN LATERAL (
        SELECT DISTINCT p.account_id FROM holders(d.township_id, 'see_contacts') p
        JOIN area c ON c.id = p.area_id AND c.level = 'community'
        WHERE p.grid_code IS NULL AND (d.communities = '{}' OR c.code = ANY (d.communities))
    ) h ON true;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_drafts() IS
    'runs as the owner: as tell does';
CREATE TRIGGER tell_of_drafts AFTER INSERT ON document_draft REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_drafts();
