ALTER TABLE phone_entry ENABLE ROW LEVEL SECURITY;
-- One's own; and what was refused for whoever lets in what workers enter: by the house, by the colleague, by the township.
CREATE POLICY seen ON phone_entry FOR SELECT USING (
    account_id = (SELECT my_account())
    OR state = 'refused' AND (
        township_id = ANY ((SELECT my_townships('check_register'))::bigint[])
        OR staff_id = ANY ((SELECT my_colleagues())::bigint[]) AND (SELECT has_right('check_register'))
        OR EXISTS (
            SELECT FROM house_grid a
            WHERE a.house_id = phone_entry.house_id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
              AND a.grid_id = ANY ((SELECT my_grids('check_register'))::bigint[]))));
CREATE POLICY sent ON phone_entry FOR INSERT TO gisgrid_web WITH CHECK (account_id = (SELECT my_account()));
CREATE POLICY answered ON phone_entry FOR UPDATE TO gisgrid_web USING (account_id = (SELECT my_account()));
GRANT
    SELECT,
    INSERT (account_id, key, content, township_id, house_id, staff_id, who, what, label, entered_at, state, answer, reason),
    UPDATE (content, at, state, answer, reason, seen_at)
ON phone_entry TO gisgrid_web;
GRANT SELECT ON phone_entry TO gisgrid_views;
