-- Nothing in these rows is about a person.
GRANT SELECT ON workload_weights TO gisgrid_web, gisgrid_views, gisgrid_planner;
