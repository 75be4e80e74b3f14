SELECT * FROM iris TO TRAIN sklearn.model_selection.GridSearchCV LABEL class INTO my_model;
SELECT * FROM iris TO TRAIN sklearn.preprocessing.OneHotEncoder INTO my_other_model;
