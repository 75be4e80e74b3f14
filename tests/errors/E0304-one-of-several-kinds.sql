SELECT * FROM iris
TO TRAIN sklearn.tree.DecisionTreeClassifier
WITH max_features = "sqr", min_samples_leaf = 1.5, max_depth = "six", criterion = gini
LABEL class
INTO my_model;
