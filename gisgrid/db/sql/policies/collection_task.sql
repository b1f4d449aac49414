-- The township's office makes and ends them; who sees a register of the ground they ask about reads what they ask.
ALTER TABLE collection_task ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON collection_task FOR SELECT USING (id = ANY ((SELECT my_collections())::bigint[]));
CREATE POLICY made ON collection_task FOR SELECT TO gisgrid_office USING (
    township_id = ANY ((SELECT my_townships('load'))::bigint[]));
CREATE POLICY added ON collection_task FOR INSERT TO gisgrid_office WITH CHECK (
    township_id = ANY ((SELECT my_townships('load'))::bigint[]) AND made_by = (SELECT my_name()));
CREATE POLICY changed ON collection_task FOR UPDATE TO gisgrid_office USING (
    township_id = ANY ((SELECT my_townships('load'))::bigint[]));
CREATE POLICY dropped ON collection_task FOR DELETE TO gisgrid_office USING (
    state = 'draft' AND township_id = ANY ((SELECT my_townships('load'))::bigint[]));
GRANT SELECT ON collection_task TO gisgrid_web, gisgrid_views, gisgrid_office;
GRANT
    INSERT (township_id, title, purpose, fields, grids, due_on, made_by),
    UPDATE (title, purpose, fields, grids, due_on, state, state_number, opened_at, ended_at, ended_by),
    DELETE
ON collection_task TO gisgrid_office;
