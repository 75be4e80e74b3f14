SELECT * FROM iris TO TRAIN sklearn.tree.DecisionTreeClassifier LABEL class INTO my_model;
SELECT * FROM iris TO EXPLAIN my_model USING TreeExplainer;
