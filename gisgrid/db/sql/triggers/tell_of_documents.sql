-- A new version is to be read by whoever has such a part in a team today.
CREATE OR REPLACE FUNCTION tell_of_documents() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM tell(jsonb_agg(jsonb_build_object(
        'key', 'document:' || v.id, 'kind', 'document', 'urgent', false, 'town', d.township_id, 'area', NULL,
        'grid', NULL, 'subject', 'document', 'subject_id', d.id, 'code', d.code, 'account', h.account_id)))
    FROM fresh v JOIN document d ON d.id = v.document_id
    LEFT JOIN LATERAL (
        SELECT DISTINCT k.id AS account_id FROM team_member m JOIN account k ON k.staff_id = m.staff_id AND k.active
        WHERE m.township_id = d.township_id AND m.during @> today_in(d.township_id)
          AND asked_to_read(d.roles, d.communities, d.township_id, m.role, m.grid_code)
    ) h ON true
    WHERE is_news(now());
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_documents() IS
    'runs as the owner: as tell does';
CREATE TRIGGER tell_of_documents AFTER INSERT ON document_version REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_documents();
