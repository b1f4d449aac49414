-- Nothing in these rows is about a person.
GRANT SELECT ON house_change TO gisgrid_web, gisgrid_views;
