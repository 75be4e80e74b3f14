-- The file begins with a byte order mark, which belongs to no statement.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

SELECT x, y, 'é' AS note FROM hostile.numbers
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", train.num_boost_round = 2
COLUMN x
LABEL y
INTO bom_model;

SELECT x FROM hostile.numbers
TO PREDICT hostile.bom_predicted.y
USING bom_model;
