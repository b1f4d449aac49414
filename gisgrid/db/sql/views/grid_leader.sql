-- Who leads a grid, and when.
CREATE VIEW grid_leader AS
SELECT m.township_id, m.grid_code, m.during, s.name
FROM team_member m JOIN staff s ON s.id = m.staff_id WHERE m.role = 'leader';
COMMENT ON VIEW grid_leader IS
    'runs as the owner: who leads a grid is told to everybody, the rest of the staff is not';
GRANT SELECT ON grid_leader TO gisgrid_web, gisgrid_views, gisgrid_office;
