BEGIN;

DELETE FROM iris WHERE class IS NULL;

SELECT * FROM iris
TO TRAIN xgboost.gbtree
LABEL class
INTO iris_model;

COMMIT;
