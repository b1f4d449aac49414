-- A post in a county is one in each of its townships; one that is held everywhere, in all.
CREATE OR REPLACE FUNCTION my_towns(OUT posts bigint[], OUT chosen bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    posts := ARRAY(
        SELECT DISTINCT t.id FROM appointment m JOIN account k ON k.id = m.account_id AND k.active
        LEFT JOIN area a ON a.id = m.area_id
        JOIN area t ON t.level = 'township'
            AND (m.area_id IS NULL OR t.id IN (a.id, a.parent_id) OR t.parent_id = a.id)
        WHERE m.account_id = my_account() AND m.during @> today_in(m.area_id) ORDER BY 1);
    chosen := (SELECT k.township_id FROM account k WHERE k.id = my_account());
END $$;
COMMENT ON FUNCTION my_towns() IS
    'runs as the owner: asked in every database role, of which some may read neither table';
