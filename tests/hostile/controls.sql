-- Control characters as real bytes, a lone carriage return among them; no NUL.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

CREATE OR REPLACE TABLE hostile."bell" AS
SELECT
    x,
    y,
    'startend' AS low, -- [2J
    'bellbackspace' AS bell,
    'verticaltab, formfeed' AS feeds,
    'onetwo' AS lone_return,
    'shift, end of file, escape[31mred[0m' AS escapes, /* ]0;title */
    'separators' AS separators,
    'delete, C1 31m' AS high,
    '' AS only_one,
    'tab	newline
' AS common
FROM hostile.numbers;

SELECT x, y FROM hostile."bell" WHERE low <> '[2J'
TO TRAIN xgboost.gbtree
WITH
    objective = "reg:squarederror",
    train.num_boost_round = 2,
    validation.select = "SELECT x, y FROM hostile.""bell"" WHERE lone_return <> ''"
COLUMN x
LABEL y
INTO "model[31m";

SELECT x, '' AS "" FROM hostile."bell"
TO PREDICT hostile."predicted"."value"
USING "model[31m";
