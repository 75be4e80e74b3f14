SELECT * FROM iris
TO TRAIN sklearn.cluster.KMeans
WITH n_clusters = 3
LABEL class
INTO my_model;
