-- Every line of this file ends in a carriage return and a line feed, inside literals too.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

SELECT
    'first line
second line

fourth line' AS lines, -- a comment
    /* a comment
       of two lines */
    $$dollars
too$$ AS dollars,
    "a
b" AS name
FROM (SELECT 1 AS "a
b");

SELECT x, y, 'a
b' AS note
FROM hostile.numbers
TO TRAIN xgboost.gbtree
WITH
    objective = "reg:squarederror",
    train.num_boost_round = 2,
    validation.select = "SELECT x, y
FROM hostile.numbers
WHERE 'a
b' <> 'ab'"
COLUMN x
LABEL y
INTO crlf_model;

SELECT x
FROM hostile.numbers
TO PREDICT hostile.crlf_predicted.y
USING crlf_model;
