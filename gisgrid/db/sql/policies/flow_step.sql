-- The rules of the game are no secret.
GRANT SELECT ON flow_step TO gisgrid_web, gisgrid_views;
