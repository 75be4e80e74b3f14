SELECT * FROM iris
TO TRAIN registry/team/image:v1/my_package.MyClassifier
WITH loss.delta = 3
LABEL class
INTO my_model;
