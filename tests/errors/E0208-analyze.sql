SELECT * FROM iris ANALYZE iris_model USING TreeExplainer;
