-- Nothing in these rows is about a person; whose task it is says who sees them.
ALTER TABLE collection_house ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON collection_house FOR SELECT USING (task_id = ANY ((SELECT my_collections())::bigint[]));
CREATE POLICY kept ON collection_house TO gisgrid_office USING (
    task_id IN (SELECT t.id FROM collection_task t
                WHERE t.state <> 'ended' AND t.township_id = ANY ((SELECT my_townships('load'))::bigint[])))
WITH CHECK (
    EXISTS (SELECT FROM collection_task t JOIN house h ON h.township_id = t.township_id
            WHERE t.id = task_id AND h.id = house_id AND t.state <> 'ended'
              AND t.township_id = ANY ((SELECT my_townships('load'))::bigint[])));
GRANT SELECT ON collection_house TO gisgrid_web, gisgrid_views, gisgrid_office;
GRANT INSERT (task_id, house_id), DELETE ON collection_house TO gisgrid_office;
