ALTER TABLE collection_answer ENABLE ROW LEVEL SECURITY;
-- As `register_entry`: by its grid in the plan in force, else by its community. What was answered is read for a
-- purpose alone.
CREATE POLICY seen ON collection_answer FOR SELECT USING (
    account_id = (SELECT my_account())
    OR township_id = ANY ((SELECT my_townships('see_register'))::bigint[])
    OR EXISTS (
        SELECT FROM house_grid a
        WHERE a.house_id = collection_answer.house_id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
          AND a.grid_id = ANY ((SELECT my_grids('see_register'))::bigint[]))
    OR EXISTS (
        SELECT FROM house_grid a
        WHERE a.house_id = collection_answer.house_id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
          AND a.exclusive_grid_id = ANY ((SELECT my_grids('see_register'))::bigint[]))
    OR EXISTS (
        SELECT FROM house h
        WHERE h.id = collection_answer.house_id AND h.community_id = ANY ((SELECT my_communities('see_register'))::bigint[])
          AND (SELECT coalesce(a.exclusive_grid_id, a.grid_id) FROM house_grid a
               WHERE a.house_id = h.id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
               LIMIT 1) IS NULL));
GRANT SELECT (id, township_id, task_id, question_id, house_id, account_id, who, at, entered_at, replaced_at)
ON collection_answer TO gisgrid_web;
GRANT SELECT ON collection_answer TO gisgrid_views;
