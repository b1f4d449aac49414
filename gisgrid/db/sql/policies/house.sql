-- Nothing in these rows is about a person.
GRANT SELECT ON house TO gisgrid_web, gisgrid_views, gisgrid_planner, gisgrid_office;
