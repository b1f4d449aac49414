-- The list of long-term problems says who in words: a log-in name, a person's name or staff code, several of them, or
-- a post, whose role the caller knows. Whoever cannot handle events of the township is nobody's
-- supervisor.
CREATE OR REPLACE FUNCTION supervisors(problem bigint, roles text[]) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT k.id
    FROM open_problem p JOIN area t ON t.id = p.township_id
    CROSS JOIN LATERAL (SELECT array_agg(lower(normalize(btrim(w), NFKC))) AS words
        FROM regexp_split_to_table(p.supervisor, '[、,，;；/]') AS w) said
    JOIN area a ON a.id IN (t.id, t.parent_id) OR a.parent_id = t.id
    JOIN appointment m ON m.area_id = a.id AND m.during @> today_in(t.id)
    JOIN role_right r ON r.role = m.role AND r.right_name = 'handle_events'
    JOIN account k ON k.id = m.account_id AND k.active LEFT JOIN staff s ON s.id = k.staff_id
    WHERE p.id = problem AND (
        ARRAY(SELECT lower(normalize(x, NFKC)) FROM unnest(ARRAY[k.name, k.display_name, s.name, s.code]) AS x)
            && said.words
        OR m.role = ANY (roles) AND m.grid_code IS NULL
            AND (p.community_id IS NULL OR m.area_id IN (p.community_id, t.id, t.parent_id)))
$$;
COMMENT ON FUNCTION supervisors(bigint, text[]) IS
    'runs as the owner: whoever enters a problem learns whether its supervisor can be reached';
