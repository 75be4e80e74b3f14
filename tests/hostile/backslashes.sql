-- Backslashes, which are plain characters in a literal, at its end too.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

CREATE OR REPLACE TABLE hostile."back\slash" AS
SELECT
    x,
    y,
    'a\nb' AS "two\ncharacters", -- \n \x41 \u0041 \
    'C:\temp\new\x41\u0041\U0001F600\N{DASH}\101' AS path,
    '\' AS one,
    '\\' AS two,
    '\\\' AS three,
    'ends in one\' AS "ends in one\",
    '\''' AS and_a_quote,
    '\"' AS and_a_double_quote,
    '\' || '"""' || '\' AS around,
    'a\
b' AS continued,
    regexp_replace('a.b', '\.', '\\') AS pattern -- \
FROM hostile.numbers;

SELECT x, y FROM hostile."back\slash" WHERE one = '\' AND path LIKE 'C:\temp\%'
TO TRAIN xgboost.gbtree
WITH
    objective = "reg:squarederror",
    train.num_boost_round = 2,
    validation.select = "SELECT x, y FROM hostile.""back\slash"" WHERE two <> '\n' AND one = '\'"
COLUMN x
LABEL y
INTO "back\slash\n";

SELECT x, '\' AS "\" FROM hostile."back\slash"
TO PREDICT hostile."predicted\n"."value\"
USING "back\slash\n";
