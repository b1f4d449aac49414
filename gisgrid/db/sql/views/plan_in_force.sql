-- Read with the rights of whoever asks; no more than one row a township.
CREATE VIEW plan_in_force WITH (security_invoker = true) AS
SELECT p.id, p.township_id, p.name, p.validity, p.based_on_id
FROM plan p JOIN township t ON t.area_id = p.township_id
WHERE p.validity @> day_in(t.time_zone);
COMMENT ON VIEW plan_in_force IS
    'the plan of today in the zone of each township';
GRANT SELECT ON plan_in_force TO gisgrid_web, gisgrid_planner, gisgrid_office;
