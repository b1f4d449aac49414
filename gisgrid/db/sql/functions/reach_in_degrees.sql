-- No place within so many metres of a latitude lies further away in degrees of either axis; a box for an
-- index, exact distances come after. The shortest degree of latitude has 110,574 m (WGS 84).
CREATE OR REPLACE FUNCTION reach_in_degrees(metres double precision, latitude double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
'SELECT metres / (110500 * cos(radians(least(abs(latitude), 89))))';
