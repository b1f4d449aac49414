ALTER TABLE refused_demand ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON refused_demand FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_events'))::bigint[])
    OR community_id = ANY ((SELECT my_communities('see_events'))::bigint[]));
-- Whoever reports without an account is refused, too; nobody asks under another name, and no word
-- of what was written comes this way.
CREATE POLICY added ON refused_demand FOR INSERT TO gisgrid_web WITH CHECK (
    text IS NULL
    AND asked_by IN ('resident', (SELECT k.name FROM account k WHERE k.id = my_account())));
GRANT SELECT, INSERT ON refused_demand TO gisgrid_web;
GRANT SELECT ON refused_demand TO gisgrid_views;
