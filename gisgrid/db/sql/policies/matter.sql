-- Nothing in these rows is about a person.
GRANT SELECT ON matter TO gisgrid_web, gisgrid_views, gisgrid_planner;
