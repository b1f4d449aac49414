-- Nothing in these rows is about a person.
GRANT SELECT ON purpose TO gisgrid_web, gisgrid_views, gisgrid_office;
