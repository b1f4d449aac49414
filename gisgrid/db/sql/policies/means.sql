-- The township's office keeps them; a community's office sees its own.
ALTER TABLE means ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON means FOR SELECT TO gisgrid_web, gisgrid_office USING (
    township_id = ANY ((SELECT my_townships('load'))::bigint[])
    OR township_id = ANY ((SELECT my_townships('see_contacts'))::bigint[])
    OR area_id = ANY ((SELECT my_communities('see_contacts'))::bigint[]));
CREATE POLICY added ON means FOR INSERT TO gisgrid_office WITH CHECK (
    township_id = ANY ((SELECT my_townships('load'))::bigint[]) AND noted_by = (SELECT my_name())
    AND EXISTS (
        SELECT FROM area a WHERE a.id = area_id AND (
            a.id = township_id OR (a.parent_id = township_id AND a.level = 'community'))));
CREATE POLICY changed ON means FOR UPDATE TO gisgrid_office USING (
    township_id = ANY ((SELECT my_townships('load'))::bigint[])
) WITH CHECK (
    township_id = ANY ((SELECT my_townships('load'))::bigint[]) AND noted_by = (SELECT my_name()));
GRANT SELECT ON means TO gisgrid_web, gisgrid_office;
GRANT
    INSERT (township_id, area_id, kind, name, amount, pieces, floor_m2, during, noted_by),
    UPDATE (name, amount, pieces, floor_m2, during, why_ended, state_number, noted_by, noted_at)
ON means TO gisgrid_office;
