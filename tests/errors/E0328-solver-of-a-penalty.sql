SELECT * FROM iris
TO TRAIN sklearn.linear_model.LogisticRegression
WITH l1_ratio = 0.5
LABEL class
INTO my_model;
