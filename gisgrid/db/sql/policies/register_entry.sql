ALTER TABLE register_entry ENABLE ROW LEVEL SECURITY;
-- As the register of its house; one's own always.
CREATE POLICY seen ON register_entry FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_register'))::bigint[])
    OR account_id = (SELECT my_account())
    OR house_within('see_register', house_id, township_id));
GRANT SELECT (id, township_id, house_id, kind, household_id, resident_id, account_id, who, at, state, conflict,
    decided_by, decided_at, reason)
ON register_entry TO gisgrid_web;
GRANT SELECT ON register_entry TO gisgrid_views;
