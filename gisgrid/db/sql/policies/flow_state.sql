-- The rules of the game are no secret.
GRANT SELECT ON flow_state TO gisgrid_web, gisgrid_views;
