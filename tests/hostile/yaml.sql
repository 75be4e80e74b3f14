-- Text that YAML, JSON or a table reader would take for something else than text.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

CREATE OR REPLACE TABLE hostile."yes" AS
SELECT
    x AS "no",
    y AS "null",
    'yes' AS c1, 'no' AS c2, 'on' AS c3, 'off' AS c4, 'y' AS c5, 'n' AS c6, 'true' AS c7,
    'null' AS n1, '~' AS n2, 'NaN' AS n3, '.inf' AS n4, 'None' AS n5,
    '2020-01-01' AS t1, '2020-01-01T00:00:00Z' AS t2, '12:30:45' AS t3, '190:20:30' AS t4,
    '1e3' AS d1, '0x10' AS d2, '0o17' AS d3, '017' AS d4, '1_000' AS d5, '+1' AS d6, '.5' AS d7,
    ' # not a comment' AS s1, '#' AS s2, 'key: value' AS s3, 'key:' AS s4, '- item' AS s5,
    '-' AS s6, '? key' AS s7, '&a *b !tag' AS s8, '*b' AS s9, '!tag' AS s10,
    '!!python/object:os.system' AS s11, '|' AS s12, '>-' AS s13, '%YAML 1.1' AS s14, '@at' AS s15,
    '`tick`' AS s16, '---' AS s17, '...' AS s18, '{a: b}' AS s19, '[a, b]' AS s20, '<<' AS s21,
    '=' AS s22, ',' AS s23, ': ' AS s24, ' leading and trailing ' AS b1, '	tab	' AS b2,
    '' AS b3, ' ' AS b4, '
---
- first: &anchor
  second: *anchor # comment
...
' AS document
FROM hostile.numbers;

SELECT "no", "null" FROM hostile."yes" WHERE t1 = '2020-01-01' AND s1 <> '# : - &a *b !tag'
TO TRAIN xgboost.gbtree
WITH
    objective = "reg:squarederror",
    train.num_boost_round = 2,
    validation.select = "SELECT ""no"", ""null"" FROM hostile.""yes"" WHERE c1 <> ': # &a *b !tag - '"
COLUMN "no"
LABEL "null"
INTO "null";

SELECT "no" FROM hostile."yes"
TO PREDICT hostile."2020-01-01"."1e3"
USING "null";

SELECT "no" FROM hostile."yes"
TO EXPLAIN "null"
INTO hostile."0x10";

SHOW TRAIN "null";
