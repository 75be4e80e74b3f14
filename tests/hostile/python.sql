-- Words and texts of Python, in places where a generator would write them into a script.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

CREATE OR REPLACE TABLE hostile."import" AS
SELECT
    x AS "class",
    y AS "lambda",
    'def' AS "def", 'None' AS "None", 'self' AS "__class__", 'sqlflow_runtime' AS sqlflow_runtime,
    '") + __import__("os").system("id") + ("' AS injected, -- ")
    ''')\nimport os\nos.abort()  #' AS injected_too,
    'f"{1/0}" %(a)s {0.__init__.__globals__}' AS formats,
    'True' AS t, 'nan' AS n, 'inf' AS i, '1_0' AS u, '0777' AS o, '...' AS e, ':=' AS w, '@' AS d,
    '
    raise SystemExit(1)
' AS indented,
    'coding: latin-1' AS "coding: latin-1"
FROM hostile.numbers;

SELECT "class", "lambda" FROM hostile."import"
TO TRAIN xgboost.gbtree
WITH
    objective = "reg:squarederror",
    train.num_boost_round = 2,
    validation.select = "SELECT ""class"", ""lambda"" FROM hostile.""import"" WHERE 'x' <> ''') #'"
COLUMN "class"
LABEL "lambda"
INTO train;

SELECT "class" FROM hostile."import"
TO PREDICT hostile.predict."def"
USING train;

SELECT "class", "lambda" FROM hostile."import"
TO EVALUATE train
LABEL "lambda"
INTO hostile."__main__";

SELECT "class" FROM hostile."import"
TO EXPLAIN train
INTO hostile.explain;

SHOW TRAIN train;
