-- A tree of sums: cells, parts (communities), the whole. Small numbers are hidden, and then more,
-- until nothing hidden can be had by subtraction: of every number shown, what is hidden below it
-- is three numbers or more, and without the largest of them still as many as may be shown. So
-- neither the public nor somebody who knows one of them (a leader the own grid, a clerk the own
-- community) finds another. Zero is nobody and is shown. The smallest number that helps is the
-- next to go.
CREATE OR REPLACE FUNCTION hidden_counts(
    n bigint[], part int[], minimum int, OUT cells boolean[], OUT parts boolean[],
    OUT whole boolean
)
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    -- One number a row: the same rule, kept once.
    SELECT r.cells, r.parts, r.whole INTO cells, parts, whole FROM hidden_rows(n, 1, part, minimum) r;
END $$;
