-- E literals, the only ones in which a backslash escapes: a quote, among others.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

SELECT
    E'tab\tline\nback\\slash' AS letters,
    E'quote\' doubled'' both\'''' AS quotes,
    E'hex\x41 octal\101 unicode\u00e9 \U0001F600' AS numbers, -- E'not a literal
    E'ends in one\\' AS last,
    'E''\' AS not_one,
    E'-- ; /* $$ "' AS delimiters;

SELECT x, y FROM hostile.numbers WHERE E'\'; TO TRAIN m INTO n; \'' <> E'\\'
TO TRAIN xgboost.gbtree
WITH
    objective = "reg:squarederror",
    train.num_boost_round = 2,
    validation.select = "SELECT x, y FROM hostile.numbers WHERE E'\\\'' <> '\'"
COLUMN x
LABEL y
INTO escape_model;

SELECT x, E'\'' AS note FROM hostile.numbers
TO PREDICT hostile.escape_predicted.y
USING escape_model;
