-- Nothing in these rows is about a person.
GRANT SELECT ON parcel TO gisgrid_web, gisgrid_planner;
