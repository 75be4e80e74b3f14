-- Quotes of every kind and number: in literals, names, comments and attributes.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

CREATE OR REPLACE TABLE hostile."it's a ""table""" AS
SELECT
    id,
    x,
    y AS """label""",
    '''' AS one, '''''' AS two, '''''''' AS three, -- ''' or """ or ' or "
    '''quoted''' AS "'''quoted'''",
    '"' AS double_one, '""' AS double_two, '"""' AS double_three, /* '''""" */
    '"""quoted"""' AS """""quoted""""",
    '''""" ''' || '"""label"""' || ' """''' AS mixed,
    'ends with a quote''' AS "ends with a quote""",
    '' AS empty
FROM hostile.numbers;

SELECT x, """label""" FROM hostile."it's a ""table""" WHERE one <> ''' """ '''
TO TRAIN xgboost.gbtree
WITH
    objective = 'reg:squarederror',
    train.num_boost_round = 2,
    validation.select = "SELECT x, """"""label"""""" FROM hostile.""it's a """"table"""""" WHERE two <> ''''''''"
COLUMN x
LABEL """label"""
INTO "it's ""the"" model";

SELECT x, ''' """ ''' AS note FROM hostile."it's a ""table"""
TO PREDICT hostile."'''predicted'''"."""value"""
USING "it's ""the"" model";

SELECT x, """label""" FROM hostile."it's a ""table"""
TO EVALUATE "it's ""the"" model"
WITH validation.metrics = 'mean_absolute_error,r2_score'
LABEL """label"""
INTO hostile."""evaluation""";
