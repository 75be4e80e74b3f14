-- Names that fall together once they are made into labels, are empty then, or begin with a digit.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE SCHEMA IF NOT EXISTS "hostile-2";

CREATE OR REPLACE TABLE hostile.a_b AS
SELECT i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

CREATE OR REPLACE TABLE hostile."a-b" AS SELECT * FROM hostile.a_b;

CREATE OR REPLACE TABLE hostile."a b" AS SELECT * FROM hostile."a-b";

CREATE OR REPLACE TABLE hostile."a.b" AS SELECT * FROM hostile."a b";

CREATE OR REPLACE TABLE hostile.a__b AS SELECT * FROM hostile."a.b";

CREATE OR REPLACE TABLE hostile."-a-b-" AS SELECT * FROM hostile.a__b;

CREATE OR REPLACE TABLE "hostile-2".a_b AS SELECT * FROM hostile."-a-b-";

-- The same table as the first: this dialect does not look at case, quoted or not.
CREATE OR REPLACE TABLE HOSTILE."A_B" AS SELECT * FROM "HOSTILE-2".A_B;

CREATE OR REPLACE TABLE hostile."1st" AS SELECT * FROM Hostile.a_B;

CREATE OR REPLACE TABLE hostile."---" AS SELECT * FROM hostile."1st";

CREATE OR REPLACE TABLE hostile."🎉" AS SELECT * FROM hostile."---";

CREATE OR REPLACE TABLE hostile."é" AS SELECT * FROM hostile."🎉";

CREATE OR REPLACE TABLE hostile._ AS SELECT * FROM hostile."é";

CREATE OR REPLACE TABLE hostile.the_same_first_twenty_eight_letters_1 AS SELECT * FROM hostile._;

CREATE OR REPLACE TABLE hostile.the_same_first_twenty_eight_letters_2 AS SELECT * FROM hostile._;

SELECT x, y FROM hostile.a_b
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", train.num_boost_round = 2
COLUMN x
LABEL y
INTO m_1;

SELECT x, y FROM hostile.a_b
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", train.num_boost_round = 2
COLUMN x
LABEL y
INTO "m-1";

SELECT x, y FROM hostile.a_b
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", train.num_boost_round = 2
COLUMN x
LABEL y
INTO M_1;

SELECT x, y FROM hostile.a_b
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", train.num_boost_round = 2
COLUMN x
LABEL y
INTO m.one;

SELECT x, y FROM hostile.a_b
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", train.num_boost_round = 2
COLUMN x
LABEL y
INTO "m one";

SELECT x FROM hostile."a-b" TO PREDICT hostile.m_1.y USING m_1;

SELECT x FROM hostile."a b" TO PREDICT hostile."m-1".y USING "m-1";

SELECT x FROM hostile."a.b" TO PREDICT hostile."m.one".y USING m.one;

SELECT x FROM hostile."1st" TO PREDICT hostile."m one".y USING "m one";

-- The same statement twice: two steps, two names.
SELECT count(*) FROM hostile.a_b;

SELECT count(*) FROM hostile.a_b;
