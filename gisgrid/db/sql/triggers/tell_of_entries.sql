-- Who entered a change of the register at the door hears what the clerk decided, and that it was taken back.
CREATE OR REPLACE FUNCTION tell_of_entries() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM tell(jsonb_agg(jsonb_build_object(
        'key', CASE r.state WHEN 'taken_back' THEN 'entry_back:' ELSE 'entry:' END || r.id,
        'kind', CASE r.state WHEN 'taken_back' THEN 'taken_back' ELSE 'correction' END, 'urgent', false,
        'town', r.township_id, 'area', NULL,
        'grid', g.code, 'subject', 'correction', 'subject_id', r.id, 'code', r.id::text, 'account', r.account_id)))
    FROM fresh r JOIN was USING (id)
    LEFT JOIN plan_in_force p ON p.township_id = r.township_id
    LEFT JOIN grid_of_house a ON a.plan_id = p.id AND a.house_id = r.house_id
    LEFT JOIN grid g ON g.id = a.grid_id
    WHERE was.state = 'waiting' AND r.state IN ('accepted', 'returned')
       -- Nobody is told what they did themselves.
       OR was.state <> 'taken_back' AND r.state = 'taken_back' AND r.account_id IS DISTINCT FROM my_account();
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_entries() IS
    'runs as the owner: as tell does';
CREATE TRIGGER tell_of_entries AFTER UPDATE ON register_entry
REFERENCING OLD TABLE AS was NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_entries();
