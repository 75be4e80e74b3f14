-- Reads handwritten digits. An image is one text column, 64 grey values separated by commas,
-- which DENSE takes apart when the models are trained and again when they predict.

CREATE SCHEMA IF NOT EXISTS digits;

CREATE OR REPLACE TABLE digits.images AS
SELECT id, pixels, digit
FROM read_csv('digits.csv', types = {'pixels': 'VARCHAR'});

-- A row that is not 8 by 8 would stop the training: list such rows, there should be none.
SELECT id, len(string_split(pixels, ',')) AS values_found
FROM digits.images
WHERE len(string_split(pixels, ',')) <> 64;

-- One image in five is for testing, by id: the file mixes the digits well, and a rule on the
-- id gives the same split on every run.
CREATE OR REPLACE TABLE digits.train AS
SELECT * FROM digits.images WHERE id % 5 <> 0;

CREATE OR REPLACE TABLE digits.test AS
SELECT * FROM digits.images WHERE id % 5 = 0;

SELECT pixels, digit FROM digits.train
TO TRAIN xgboost.gbtree
WITH
    objective = "multi:softprob",
    num_class = 10,
    max_depth = 4,
    eta = 0.3,
    train.num_boost_round = 40
COLUMN DENSE(pixels, 64, COMMA)
LABEL digit
INTO digits_gbtree;

SELECT pixels, digit FROM digits.train
TO TRAIN DNNClassifier
WITH
    model.n_classes = 10,
    model.hidden_units = [64, 32],
    model.optimizer = Adam,
    optimizer.learning_rate = 0.002,
    train.epoch = 30,
    train.batch_size = 64
COLUMN DENSE(pixels, 64, COMMA)
LABEL digit
INTO digits_dnn;

SELECT pixels, digit FROM digits.test
TO EVALUATE digits_gbtree
WITH validation.metrics = "accuracy_score,balanced_accuracy_score"
LABEL digit
INTO digits.gbtree_evaluation;

SELECT pixels, digit FROM digits.test
TO EVALUATE digits_dnn
WITH validation.metrics = "Accuracy"
LABEL digit
INTO digits.dnn_evaluation;

-- Predicting needs no labels: only the id, to find the image again, and the pixels.
SELECT id, pixels FROM digits.test
TO PREDICT digits.gbtree_prediction.digit
USING digits_gbtree;

SELECT id, pixels FROM digits.test
TO PREDICT digits.dnn_prediction.digit
USING digits_dnn;

-- Which digits are taken for which, by either model?
SELECT
    test.digit AS actual,
    wrong.digit AS taken_for,
    count(*) FILTER (WHERE wrong.model = 'gbtree') AS by_gbtree,
    count(*) FILTER (WHERE wrong.model = 'dnn') AS by_dnn
FROM digits.test AS test
JOIN (
    SELECT 'gbtree' AS model, id, digit FROM digits.gbtree_prediction
    UNION ALL
    SELECT 'dnn', id, digit FROM digits.dnn_prediction
) AS wrong ON wrong.id = test.id AND wrong.digit <> test.digit
GROUP BY test.digit, wrong.digit
ORDER BY count(*) DESC, actual, taken_for;

-- One image that at least one model misread, drawn: the paler the value, the emptier the cell.
WITH misread AS (
    SELECT test.id, test.pixels
    FROM digits.test AS test
    JOIN digits.gbtree_prediction AS gbtree USING (id)
    JOIN digits.dnn_prediction AS dnn USING (id)
    WHERE gbtree.digit <> test.digit OR dnn.digit <> test.digit
    ORDER BY test.id
    LIMIT 1
),
cells AS (
    SELECT
        id,
        generate_subscripts(string_split(pixels, ','), 1) - 1 AS cell,
        unnest(string_split(pixels, ','))::INTEGER AS value
    FROM misread
)
SELECT
    id,
    cell // 8 + 1 AS image_row,
    string_agg(
        CASE WHEN value >= 12 THEN '##' WHEN value >= 4 THEN '++' ELSE '  ' END, '' ORDER BY cell
    ) AS drawing
FROM cells
GROUP BY id, image_row
ORDER BY image_row;

DROP TABLE digits.images;
