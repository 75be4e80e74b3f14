SELECT * FROM iris TO TRAIN sklearn.svm.SVC LABEL class USING other_model INTO my_model;
