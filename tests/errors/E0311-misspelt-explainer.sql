SELECT * FROM iris TO EXPLAIN iris_model USING TreeExplaner INTO iris_explained;
