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
DECLARE
    m int := (SELECT max(p) FROM unnest(part) p);
    size int := cardinality(n);
    total bigint[] := array_fill(0::bigint, ARRAY[m]);
    hidden int[];
    hidden_sum bigint[];
    hidden_most bigint[];
    next_cell int[];
    next_part int;
    parts_hidden int;
    pool bigint;
    pool_most bigint;
    changed boolean;
    j int;
BEGIN
    cells := array_fill(false, ARRAY[size]);
    parts := array_fill(false, ARRAY[m]);
    whole := false;
    IF minimum <= 1 OR NOT EXISTS (SELECT FROM unnest(n) AS x WHERE x BETWEEN 1 AND minimum - 1) THEN
        RETURN;
    END IF;
    FOR i IN 1..size LOOP
        cells[i] := n[i] BETWEEN 1 AND minimum - 1;
        total[part[i]] := total[part[i]] + n[i];
    END LOOP;
    FOR k IN 1..m LOOP
        parts[k] := total[k] BETWEEN 1 AND minimum - 1;
    END LOOP;
    whole := (SELECT sum(t) FROM unnest(total) t) BETWEEN 1 AND minimum - 1;
    LOOP
        changed := false;
        hidden := array_fill(0, ARRAY[m]);
        hidden_sum := array_fill(0::bigint, ARRAY[m]);
        hidden_most := array_fill(0::bigint, ARRAY[m]);
        next_cell := array_fill(0, ARRAY[m]);
        FOR i IN 1..size LOOP
            j := part[i];
            IF cells[i] THEN
                hidden[j] := hidden[j] + 1;
                hidden_sum[j] := hidden_sum[j] + n[i];
                hidden_most[j] := greatest(hidden_most[j], n[i]);
            ELSIF n[i] > 0 AND (next_cell[j] = 0 OR n[i] < n[next_cell[j]]) THEN
                next_cell[j] := i;
            END IF;
        END LOOP;
        FOR k IN 1..m LOOP
            IF parts[k] THEN
                -- All of its cells shown would add up to it.
                CONTINUE WHEN hidden[k] > 0;
                cells[next_cell[k]] := true;
            ELSE
                CONTINUE WHEN hidden[k] = 0
                    OR (hidden[k] >= 3 AND hidden_sum[k] - hidden_most[k] >= minimum);
                IF next_cell[k] > 0 THEN
                    cells[next_cell[k]] := true;
                ELSE
                    parts[k] := true;
                END IF;
            END IF;
            changed := true;
        END LOOP;
        CONTINUE WHEN changed;
        EXIT WHEN whole;
        parts_hidden := 0;
        pool := 0;
        pool_most := 0;
        next_part := 0;
        j := 0;
        FOR k IN 1..m LOOP
            IF parts[k] THEN
                parts_hidden := parts_hidden + 1;
                pool := pool + hidden_sum[k];
                pool_most := greatest(pool_most, hidden_sum[k]);
                IF next_cell[k] > 0 AND (j = 0 OR n[next_cell[k]] < n[j]) THEN
                    j := next_cell[k];
                END IF;
            ELSIF total[k] > 0 AND (next_part = 0 OR total[k] < total[next_part]) THEN
                next_part := k;
            END IF;
        END LOOP;
        EXIT WHEN parts_hidden = 0 OR (parts_hidden >= 3 AND pool - pool_most >= minimum);
        IF parts_hidden >= 3 AND j > 0 THEN
            cells[j] := true;
        ELSIF next_part > 0 THEN
            parts[next_part] := true;
        ELSE
            whole := true;
        END IF;
    END LOOP;
END $$;
