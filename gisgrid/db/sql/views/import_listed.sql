-- What was loaded, by whatever road, for who may load there.
CREATE VIEW import_listed AS
SELECT r.id, r.kind, r.township, r.file_name, r.sha256, r.who, r.started_at, r.counts, r.reversible,
       r.undoes_id, (SELECT u.id FROM import_run u WHERE u.undoes_id = r.id) AS undone_by_id
FROM import_run r;
GRANT SELECT ON import_listed TO gisgrid_web;
