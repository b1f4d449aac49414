-- Who wrote a rule does not decide on it.
-- What the township agreed to is a rule that everybody may read; what waits is its community's and the township's.
ALTER TABLE matter_supplement ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON matter_supplement FOR SELECT USING (
    state = 'agreed' OR (state = 'ended' AND decided_at IS NOT NULL)
    OR community_id = ANY ((SELECT my_communities('supplement_matters'))::bigint[])
    OR township_id = ANY ((SELECT my_townships('keep_matters'))::bigint[]));
CREATE POLICY added ON matter_supplement FOR INSERT TO gisgrid_office WITH CHECK (
    state = 'waiting' AND written_by = (SELECT my_name())
    AND community_id = ANY ((SELECT my_communities('supplement_matters'))::bigint[])
    AND EXISTS (SELECT FROM area c WHERE c.id = community_id AND c.parent_id = township_id));
CREATE POLICY decided ON matter_supplement FOR UPDATE TO gisgrid_office USING (
    state = 'waiting' AND written_by <> (SELECT my_name())
    AND township_id = ANY ((SELECT my_townships('keep_matters'))::bigint[])
) WITH CHECK (
    decided_by = (SELECT my_name())
    AND township_id = ANY ((SELECT my_townships('keep_matters'))::bigint[]));
CREATE POLICY ended ON matter_supplement FOR UPDATE TO gisgrid_office USING (
    state IN ('waiting', 'agreed')
    AND community_id = ANY ((SELECT my_communities('supplement_matters'))::bigint[])
) WITH CHECK (
    state = 'ended' AND community_id = ANY ((SELECT my_communities('supplement_matters'))::bigint[]));
GRANT SELECT ON matter_supplement TO gisgrid_web, gisgrid_views, gisgrid_office;
GRANT
    INSERT (township_id, community_id, code, text, during, state, written_by),
    UPDATE (state, during, decided_by, decided_at, reason)
ON matter_supplement TO gisgrid_office;
