SELECT * FROM clicks
TO TRAIN DNNClassifier
WITH model.hidden_units = [64, 32], model.n_classes = 2
COLUMN EMBEDDING(CATEGORY_HASH(site, 1000), 16, men), BUCKET(INDICATOR(hour), [6, 12, 18])
LABEL clicked
INTO click_model;
