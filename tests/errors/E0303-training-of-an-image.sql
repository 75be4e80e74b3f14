SELECT * FROM iris
TO TRAIN registry/team/image:v1/my_package.MyClassifier
WITH model.depth = 3, train.epohc = 3
LABEL class
INTO my_model;
