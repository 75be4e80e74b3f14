SELECT * FROM iris TO TRAIN my_package.MyClassifier LABEL class INTO my_model;
