-- One step of every kind, with every argument and every feature column of the step contract.
SET threads = 2;

CREATE TABLE t AS SELECT * FROM source;

SELECT * FROM t
TO TRAIN xgboost.gbtree
WITH
    objective = "multi:softprob",
    num_class = 3,
    eta = 0.1,
    eval_metric = [mlogloss, merror],
    train.num_boost_round = 20,
    train.early_stopping = 5,
    validation.select = 'SELECT * FROM t',
    validation.metrics = "mlogloss"
COLUMN
    a,
    'b_.*',
    *,
    DENSE(c),
    DENSE(d, 4, COMMA),
    DENSE(e, [2, 2], "|", float),
    SPARSE(f, 10, COMMA, int, COLON, float),
    BUCKET(g, [-1, 0.5, 100]),
    INDICATOR(BUCKET(DENSE(h), [1, 2])),
    CATEGORY_ID(i, 10),
    CATEGORY_HASH(j, 10),
    SEQ_CATEGORY_ID(SPARSE(k, 10), 10),
    WEIGHTED_CATEGORY(CATEGORY_ID(SPARSE(l, 10, COMMA, int, COLON), 10)),
    CROSS([m, BUCKET(n, [1])], 100)
LABEL y
INTO trees;

SELECT * FROM t
TO TRAIN DNNClassifier
WITH
    model.n_classes = 3,
    model.hidden_units = [8, 4],
    model.batch_norm = TRUE,
    model.dropout = 0.5,
    model.optimizer = RMSprop,
    optimizer.learning_rate = 1e-3,
    optimizer.centered = FALSE,
    model.loss = CategoricalFocalCrossentropy,
    loss.gamma = 2.5,
    train.epoch = 3,
    train.batch_size = 16,
    train.max_steps = 100
COLUMN a, EMBEDDING(CATEGORY_HASH(b, 10), 4, mean, glorot_uniform), INDICATOR(c) FOR feature_columns
LABEL y
USING earlier_network
INTO network;

SELECT * FROM t
TO TRAIN DNNLinearCombinedRegressor
WITH
    model.dnn_hidden_units = [8],
    model.linear_sparse_combiner = mean,
    linear_optimizer.l1_regularization_strength = 0.1,
    model.dnn_optimizer = Adam,
    dnn_optimizer.clipnorm = 1
COLUMN CATEGORY_ID(a, 10), b FOR linear_feature_columns
COLUMN b, c FOR dnn_feature_columns
LABEL y
INTO wide_and_deep;

SELECT * FROM t
TO TRAIN sklearn.cluster.KMeans
WITH n_clusters = 3, model.tol = 1e-3, n_init = auto
COLUMN a, b
INTO clusters;

SELECT * FROM t
TO PREDICT s.p.y
WITH predict.batch_size = 100, predict.extra_outputs = probabilities
USING trees;

SELECT * FROM t
TO EVALUATE trees
WITH validation.metrics = "accuracy_score, log_loss"
LABEL y
INTO s.evaluation;

SELECT * FROM t
TO EXPLAIN trees
WITH summary.max_display = 5
USING TreeExplainer
INTO s.explanation;

SELECT * FROM t
TO RUN registry.example.com/team/clean:v1
CMD "python", "-m", "clean", "--fast"
INTO cleaned, s.rejected;

SELECT * FROM t
TO MAXIMIZE SUM((price - cost) * amount) - 2 * AVG(amount)
CONSTRAINT
    SUM(weight * amount) <= MAX(capacity) GROUP BY plant, market,
    MIN(least) / COUNT(*) <= amount <= -(-3) * most,
    amount BETWEEN 0 AND 100 AND COUNT(weight) * bonus = 2
WITH variables = ["amount(plant, market)", "bonus(plant)"], var_type = [NonNegativeIntegers, Reals],
    solver.time_limit = 60, solver.mip_rel_gap = 0.01
USING glpk
INTO s.production;

SHOW TRAIN trees;
