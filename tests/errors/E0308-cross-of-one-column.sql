SELECT * FROM clicks
TO TRAIN DNNClassifier
WITH model.hidden_units = [64, 32], model.n_classes = 2
COLUMN INDICATOR(CROSS([site], 1000)), INDICATOR(CROSS(site, hour))
LABEL clicked
INTO click_model;
