-- Dollar quoting: the text between the dollars is raw, whatever it holds.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

SELECT
    $$body$$ AS plain,
    $$$$ AS empty,
    $$it's a "body"; -- no comment
/* and no /* other */ either \n \$$ AS with_quotes,
    $tag$ holds $$ and $other$ and '' and """ $tag$ AS tagged,
    $t$ $(params.x) $$(HOME) {{workflow.name}} $t$ AS engines,
    $a$SELECT 1; SELECT 2 TO TRAIN m INTO n;$a$ AS a_program,
    '$$' AS two, '$$not quoted$$' AS inside_quotes, '$' AS one;

SELECT x, y FROM hostile.numbers WHERE $$ ' " ; TO TRAIN $$ <> $q$$$ $(HOME) $$$q$
TO TRAIN xgboost.gbtree
WITH
    objective = "reg:squarederror",
    train.num_boost_round = 2,
    validation.select = "SELECT x, y FROM hostile.numbers WHERE $$a$$ <> $tag$ $$ '; $tag$"
COLUMN x
LABEL y
INTO dollar_model;

SELECT x, $$note$$ AS note FROM hostile.numbers
TO PREDICT hostile.dollar_predicted."$$"
USING dollar_model;
