SELECT * FROM iris TO TRAIN xgboost.dart WITH objective = "binary:logistic" LABEL class INTO first;
SELECT * FROM iris TO TRAIN xgboost.gbtree WITH objective = "binary:logistic" LABEL class USING first INTO second;
SELECT * FROM iris TO TRAIN xgboost.dart WITH objective = "reg:squarederror" LABEL class USING first INTO third;
