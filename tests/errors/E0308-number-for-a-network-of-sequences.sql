SELECT * FROM comments
TO TRAIN sqlflow_models.StackedBiLSTMClassifier
WITH model.n_classes = 2, model.stack_units = [32]
COLUMN EMBEDDING(SEQ_CATEGORY_ID(words, 10000), 64), DENSE(stars)
LABEL is_friendly
INTO comment_model;
