SELECT * FROM iris
TO TRAIN sklearn.svm.LinearSVC
WITH penalty = l1, loss = hinge
LABEL class
INTO my_model;
