-- As the task; once it is open nobody changes what it asks.
ALTER TABLE collection_question ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON collection_question FOR SELECT USING (task_id = ANY ((SELECT my_collections())::bigint[]));
CREATE POLICY kept ON collection_question TO gisgrid_office USING (
    task_id IN (SELECT t.id FROM collection_task t
                WHERE t.state = 'draft' AND t.township_id = ANY ((SELECT my_townships('load'))::bigint[])));
GRANT SELECT ON collection_question TO gisgrid_web, gisgrid_views, gisgrid_office;
GRANT
    INSERT (task_id, number, name, kind, label, hint, required, choices, least, most),
    UPDATE (number),
    DELETE
ON collection_question TO gisgrid_office;
