-- The rules of the game are no secret.
GRANT SELECT ON flow TO gisgrid_web, gisgrid_views;
