SELECT * FROM iris TO TRAIN xgboost.gbtree;
