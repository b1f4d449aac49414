-- For who plans the training of a township, and nobody else.
ALTER TABLE staff_profile ENABLE ROW LEVEL SECURITY;
CREATE POLICY kept ON staff_profile TO gisgrid_office USING (
    township_of_staff(staff_id) = ANY ((SELECT my_townships('load'))::bigint[]));
GRANT SELECT, INSERT (staff_id, age_band, schooling, qualifications, noted_by),
    UPDATE (age_band, schooling, qualifications, noted_by, noted_at)
ON staff_profile TO gisgrid_office;
