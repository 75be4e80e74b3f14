SELECT * FROM clicks TO TRAIN DNNLinearCombinedRegressor LABEL clicked INTO my_model;
