SELECT "sepal length, "sepal width" FROM iris;
