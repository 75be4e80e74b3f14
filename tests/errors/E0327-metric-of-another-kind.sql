SELECT * FROM houses TO TRAIN xgboost.XGBRegressor LABEL price INTO price_model;
SELECT * FROM houses TO EVALUATE price_model WITH validation.metrics = "AUC, r2_score";
SELECT * FROM iris TO TRAIN DNNClassifier WITH model.hidden_units = [8] LABEL class INTO class_model;
SELECT * FROM iris TO EVALUATE class_model WITH validation.metrics = [Accuracy, RootMeanSquaredError];
