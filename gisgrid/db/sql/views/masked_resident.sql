-- Residents as who may see the register reads them; how much of a value stays, the township says.
CREATE VIEW masked_resident AS
SELECT r.id, r.township_id, masked_code(r.code) AS code, r.household_id,
       masked_name(r.name, t.masking -> 'name') AS name,
       masked_text(r.citizen_id, t.masking -> 'citizen_id', '[6, 4]') AS citizen_id,
       masked_text(r.phone, t.masking -> 'phone', '[3, 4]') AS phone,
       CASE WHEN t.masking ->> 'birth_date' = 'hidden' THEN NULL
            ELSE extract(year FROM r.birth_date)::int END AS birth_year, r.verified_on
FROM resident r JOIN township t ON t.area_id = r.township_id;
GRANT SELECT ON masked_resident TO gisgrid_web;
