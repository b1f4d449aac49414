-- What is issued and taught is no secret; who read and attended is seen by who sees the staff, and
-- by the person.
GRANT SELECT ON document TO gisgrid_web, gisgrid_views;
