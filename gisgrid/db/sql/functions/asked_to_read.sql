-- Whether the reading of a document is asked of a part in a team: by its kind, and by the community in which the
-- grid lies today.
CREATE OR REPLACE FUNCTION asked_to_read(parts text[], places text[], town bigint, part text, grid_of text)
RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT (parts = '{}' OR part = ANY (parts)) AND (places = '{}' OR EXISTS (
        SELECT FROM plan_in_force f JOIN grid g ON g.plan_id = f.id AND g.code = grid_of
        JOIN area c ON c.id = g.community_id
        WHERE f.township_id = town AND c.code = ANY (places)))
$$;
