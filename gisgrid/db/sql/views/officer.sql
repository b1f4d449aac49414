-- Who answers for an area.
CREATE VIEW officer AS
SELECT m.role, m.area_id, m.grid_code, k.display_name AS name
FROM appointment m JOIN account k ON k.id = m.account_id AND k.active
WHERE m.during @> today_in(m.area_id) AND my_account() IS NOT NULL AND m.role IN (
    'county_reviewer', 'township_government', 'section_cadre', 'community_clerk', 'grid_leader');
COMMENT ON VIEW officer IS
    'runs as the owner: who answers for an area is told to everyone who has logged in';
GRANT SELECT ON officer TO gisgrid_web;
