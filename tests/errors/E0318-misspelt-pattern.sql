SELECT pixel_1, pixel_2, digit FROM digits
TO TRAIN xgboost.gbtree
COLUMN "pixels_.*"
LABEL digit
INTO digit_model;
