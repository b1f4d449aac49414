-- Households as who may see the register reads them.
CREATE VIEW masked_household AS
SELECT f.id, f.township_id, masked_code(f.code) AS code, f.house_id, f.room, f.verified_on
FROM household f;
GRANT SELECT ON masked_household TO gisgrid_web;
