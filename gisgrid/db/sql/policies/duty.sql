ALTER TABLE duty ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON duty FOR SELECT USING (
    township_id = ANY ((SELECT my_townships('see_contacts'))::bigint[]));
GRANT SELECT ON duty TO gisgrid_web, gisgrid_views;
