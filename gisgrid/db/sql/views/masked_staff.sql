-- Staff as who may see contacts reads them: colleagues whom one directs or works beside have their names, and of
-- their telephones stays what the township says.
CREATE VIEW masked_staff AS
SELECT s.id, s.township_id, s.code, s.name,
       masked_text(s.phone, t.masking -> 'phone', '[3, 4]') AS phone, s.body
FROM staff s JOIN township t ON t.area_id = s.township_id;
GRANT SELECT ON masked_staff TO gisgrid_web, gisgrid_office;
