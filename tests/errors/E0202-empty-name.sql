SELECT * FROM iris TO TRAIN xgboost.gbtree LABEL class INTO "";
