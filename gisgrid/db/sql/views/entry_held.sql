-- What the register holds where a line would change it: of one that waits what stands there now, since others may have
-- changed it meanwhile; of the others what stood there when they were let in. Open, and so granted to nobody: the
-- masked view and `unmask_entry` read it.
CREATE VIEW entry_held AS
SELECT e.id, coalesce(now.held, e.was) AS was, e.conflict OR coalesce(now.held <> e.was, false) AS conflict
FROM register_entry e LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(said.key, to_jsonb(r) -> said.key) AS held
    FROM resident r, jsonb_object_keys(e.said) AS said(key)
    WHERE r.id = e.resident_id AND e.state = 'waiting' AND e.kind = 'corrected'
) now ON true;
