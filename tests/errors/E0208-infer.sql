SELECT * FROM iris INFER iris_model;
