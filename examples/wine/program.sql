-- Sorts wines without being told how many growers there are, finds the odd ones out, and then
-- learns to tell the growers apart. Models are chained: the measures are scaled by one, and
-- what it writes, a list of numbers in one column, is what the others take.

CREATE SCHEMA IF NOT EXISTS wine;

CREATE OR REPLACE TABLE wine.bottles AS
SELECT * FROM 'wine.csv';

-- Proline is in the hundreds and hue is about one: without scaling, proline alone would count.
SELECT * EXCLUDE (id, cultivar) FROM wine.bottles
TO TRAIN sklearn.preprocessing.StandardScaler
INTO wine_scaler;

SELECT * FROM wine.bottles
TO PREDICT wine.scaled.measures
USING wine_scaler;

SELECT measures FROM wine.scaled
TO TRAIN sklearn.cluster.KMeans
WITH model.n_clusters = 3
COLUMN measures
INTO wine_clusters;

SELECT id, measures, cultivar FROM wine.scaled
TO PREDICT wine.clustered.cluster
USING wine_clusters;

-- How far apart the clusters are, and how well they agree with the growers.
SELECT measures FROM wine.scaled
TO EVALUATE wine_clusters
INTO wine.clusters_evaluation;

SELECT measures, cultivar FROM wine.scaled
TO EVALUATE wine_clusters
LABEL cultivar
INTO wine.clusters_and_cultivars;

SELECT cluster, cultivar, count(*) AS bottles
FROM wine.clustered
GROUP BY ALL
ORDER BY ALL;

-- The bottles that are unlike all others.
SELECT measures FROM wine.scaled
TO TRAIN sklearn.ensemble.IsolationForest
WITH model.contamination = 0.03
COLUMN measures
INTO wine_outliers;

SELECT id, measures, cultivar FROM wine.scaled
TO PREDICT wine.judged.verdict
WITH predict.extra_outputs = "score"
USING wine_outliers;

SELECT id, cultivar, round(score, 3) AS score
FROM wine.judged
WHERE verdict = -1
ORDER BY score;

SELECT measures, cultivar FROM wine.scaled WHERE id % 4 <> 0
TO TRAIN sklearn.linear_model.LogisticRegression
WITH
    model.C = 0.5,
    validation.select = "SELECT measures, cultivar FROM wine.scaled WHERE id % 4 = 0",
    validation.metrics = "accuracy_score,log_loss"
COLUMN measures
LABEL cultivar
INTO wine_cultivar;

SELECT measures, cultivar FROM wine.scaled WHERE id % 4 = 0
TO EVALUATE wine_cultivar
LABEL cultivar
INTO wine.cultivar_evaluation;

SHOW TRAIN wine_cultivar;
