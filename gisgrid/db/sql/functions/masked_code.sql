-- A code may be the number of a resident identity card: area, day of birth, three digits, check
-- digit. The day and what is between stay hidden, wherever in the text it stands.
CREATE OR REPLACE FUNCTION masked_code(value text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(value, '([1-9][0-9]{5})(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])([0-9]{3}[0-9Xx])', '\1********\2', 'g')
$$;
