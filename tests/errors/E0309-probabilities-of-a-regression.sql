SELECT * FROM houses TO TRAIN xgboost.XGBRegressor LABEL price INTO price_model;
SELECT * FROM houses
TO PREDICT predicted.price WITH predict.extra_outputs = "probabilities" USING price_model;
SELECT * FROM iris TO TRAIN sklearn.svm.LinearSVC LABEL class INTO class_model;
SELECT * FROM iris
TO PREDICT predicted.class WITH predict.extra_outputs = "probability, score" USING class_model;
