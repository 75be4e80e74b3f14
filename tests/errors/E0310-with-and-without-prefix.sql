SELECT * FROM iris
TO TRAIN sklearn.cluster.KMeans
WITH n_clusters = 3, model.n_clusters = 4
INTO my_model;
