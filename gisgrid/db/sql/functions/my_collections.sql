-- Collection tasks that whoever acts may know of: those of a township that they keep or whose registers they see, and of
-- a part of it those that are or were open and ask about a house of theirs. Asked once a statement.
CREATE OR REPLACE FUNCTION my_collections() RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    towns bigint[] := my_townships('load') || my_townships('see_register');
    mine bigint[] := my_grids('see_register');
    communities bigint[] := my_communities('see_register');
    codes text[] := ARRAY(SELECT code FROM grid WHERE id = ANY (mine));
    grounds bigint[] := ARRAY(SELECT DISTINCT p.township_id FROM grid g JOIN plan p ON p.id = g.plan_id
                              WHERE g.id = ANY (mine));
BEGIN
    RETURN ARRAY(
        SELECT t.id FROM collection_task t
        WHERE t.township_id = ANY (towns)
           OR t.state <> 'draft' AND (
                t.township_id = ANY (grounds) AND t.grids && codes
                OR EXISTS (SELECT FROM collection_house h JOIN house_grid a ON a.house_id = h.house_id
                           WHERE h.task_id = t.id AND (a.grid_id = ANY (mine) OR a.exclusive_grid_id = ANY (mine)))
                OR cardinality(communities) > 0 AND EXISTS (
                    SELECT FROM collection_house h JOIN house o ON o.id = h.house_id
                    WHERE h.task_id = t.id AND o.community_id = ANY (communities))));
END $$;
COMMENT ON FUNCTION my_collections() IS
    'runs as the owner: the policy of the tasks asks it, and may not ask itself';
