-- The one grid that answers for a house under each plan: the exclusive grid where one lies over it, else its basic grid.
-- Lists, maps, rounds, figures and tasks ask here; who may see a house follows from either, `basic_grid_id`, too. Read
-- with the rights of whoever asks; no row, or none but null: it lies in no grid.
CREATE VIEW grid_of_house WITH (security_invoker = true) AS
SELECT plan_id, house_id, coalesce(exclusive_grid_id, grid_id) AS grid_id, grid_id AS basic_grid_id
FROM house_grid;
GRANT SELECT ON grid_of_house TO gisgrid_web, gisgrid_office, gisgrid_planner, gisgrid_views;
