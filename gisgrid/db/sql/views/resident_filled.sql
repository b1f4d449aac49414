-- Which values of residents are there, without saying what they are.
CREATE VIEW resident_filled AS
SELECT r.id, r.township_id, r.household_id, r.name <> '' AS name, r.citizen_id IS NOT NULL AS citizen_id,
       r.phone IS NOT NULL AS phone, r.sex IS NOT NULL AS sex, r.birth_date IS NOT NULL AS birth_date,
       r.verified_on IS NOT NULL AS verified_on
FROM resident r;
GRANT SELECT ON resident_filled TO gisgrid_web;
