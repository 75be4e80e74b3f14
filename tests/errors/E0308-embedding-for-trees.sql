SELECT * FROM clicks
TO TRAIN xgboost.gbtree
COLUMN EMBEDDING(CATEGORY_HASH(site, 1000), 16)
LABEL clicked
INTO click_model;
