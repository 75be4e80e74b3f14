CREATE PROCEDURE p()
BEGIN
    IF a THEN
        SELECT 1;
    END IF;

SELECT * FROM t TO TRAIN xgboost.gbtree LABEL c INTO m;
