-- The web tells at which migration the store stands.
GRANT SELECT ON alembic_version TO gisgrid_web, gisgrid_views;
