ALTER TABLE alias ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON alias FOR SELECT USING (
    NOT personal
    OR township_id = ANY ((SELECT my_townships('see_register'))::bigint[])
    OR EXISTS (SELECT FROM household f WHERE f.house_id = alias.house_id)
    OR EXISTS (
        SELECT FROM grid g
        WHERE g.id = ANY ((SELECT my_grids('see_register'))::bigint[]) AND ST_Covers(g.geom, alias.geom)));
GRANT SELECT ON alias TO gisgrid_web, gisgrid_views;
