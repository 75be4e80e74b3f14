SELECT * FROM iris TO TRAIN sklearn.decomposition.PCA WITH n_components = 2 INTO iris_components;
SELECT * FROM iris TO EVALUATE iris_components;
