-- Keys are hashes; whoever tries to log in is nobody yet.
GRANT SELECT, INSERT, UPDATE, DELETE ON log_in_try TO gisgrid_web;
GRANT SELECT, DELETE ON log_in_try TO gisgrid_office;
