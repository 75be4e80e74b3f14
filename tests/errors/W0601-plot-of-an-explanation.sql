SELECT * FROM iris
TO EXPLAIN iris_model
WITH summary.plot_type = "dot"
USING TreeExplainer
INTO iris_explained;
