-- The houses that tasks ask about: those named, and those that lie in its grids in the plan of the day. When a task
-- ends, these become named ones. Read with the rights of whoever asks.
CREATE VIEW task_ground WITH (security_invoker = true) AS
SELECT h.task_id, h.house_id FROM collection_house h
UNION
SELECT t.id, a.house_id
FROM collection_task t JOIN plan_in_force p ON p.township_id = t.township_id
JOIN grid g ON g.plan_id = p.id AND g.code = ANY (t.grids)
JOIN grid_of_house a ON a.plan_id = p.id AND a.grid_id = g.id
WHERE t.state <> 'ended';
GRANT SELECT ON task_ground TO gisgrid_web, gisgrid_office;
