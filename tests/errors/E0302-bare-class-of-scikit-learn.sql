SELECT * FROM iris TO TRAIN LogisticRegression LABEL class INTO my_model;
