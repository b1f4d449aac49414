-- The rules of the game are no secret.
GRANT SELECT ON calendar_year TO gisgrid_web, gisgrid_views;
