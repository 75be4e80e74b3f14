SELECT * FROM iris
TO TRAIN registry/team/image:v1/my_package.MyClassifier
WITH depth = 3, model.depth = 4
LABEL class
INTO my_model;
