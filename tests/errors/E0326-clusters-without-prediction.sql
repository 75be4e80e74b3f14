SELECT * FROM iris
TO TRAIN sklearn.cluster.DBSCAN
WITH eps = 0.5
INTO my_model;
