SELECT * FROM iris
TO TRAIN sklearn.cluster.KMeans
WITH n_cluster = 3, model.max_itr = 10
INTO my_model;
