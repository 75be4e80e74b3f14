-- Semicolons, comment marks and words of ML clauses where they delimit nothing.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

CREATE OR REPLACE TABLE hostile."; DROP TABLE x; --" AS
SELECT
    x AS "to",
    y AS "train",
    'a; b; c' AS semicolons, -- ; TO TRAIN a INTO b; 'not a literal
    '-- not a comment' AS dashes,
    '/* not a comment' AS opened, '*/' AS closed, /* ; ' " $$ -- */
    'TO TRAIN m WITH a = 1 INTO n;' AS clause,
    x - -1 AS minus_minus,
    'a' /* between */ || /* two; */ 'b' AS around,
    CASE WHEN x > 1 THEN ';' ELSE 'SELECT * FROM t TO PREDICT a.b USING c;' END AS "; TO PREDICT a.b"
FROM hostile.numbers;

SELECT "to", "train" AS label, "to" AS "column", "to" AS "into"
FROM (SELECT * FROM hostile."; DROP TABLE x; --" /* TO TRAIN y */) -- TO TRAIN z
WHERE clause <> '; TO TRAIN m INTO n;' -- ; the clause comes next
TO /* a comment; */ TRAIN xgboost.gbtree -- WITH nothing
WITH
    objective = "reg:squarederror", /* ; INTO nowhere; */
    train.num_boost_round = 2,
    validation.select = "SELECT ""to"", ""train"" AS label, ""to"" AS ""column"", ""to"" AS ""into""
        FROM hostile.""; DROP TABLE x; --"" WHERE ';' <> '--' /* ; */"
COLUMN "to", "column", "into"
LABEL label
INTO "; --";

SELECT "to", "to" AS "column", "to" AS "into" FROM hostile."; DROP TABLE x; --"
TO PREDICT hostile."predicted; --"."USING"
USING "; --";

;

SHOW TRAIN "; --"; ; -- the program ends in empty statements and a comment;
