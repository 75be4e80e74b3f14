SELECT * FROM iris TO TRAIN KMeans WITH center_count = 4, idx_table_name = clusters INTO iris_clusters;
SELECT * FROM iris TO TRAIN sqlflow_models.OneClassSVM WITH model.kernel = rbf INTO iris_outliers;
