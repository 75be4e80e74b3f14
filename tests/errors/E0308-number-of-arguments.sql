SELECT * FROM iris
TO TRAIN xgboost.gbtree
COLUMN CATEGORY_HASH(species), BUCKET(sepal_length)
LABEL class
INTO iris_model;
