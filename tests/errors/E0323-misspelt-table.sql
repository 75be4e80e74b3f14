CREATE TABLE made AS SELECT id FROM market.offers;
CREATE TABLE loaded AS SELECT * FROM read_csv('a.csv');
SELECT * FROM made, loaded, information_schema.tables, "data.parquet", other.t, duckdb_tables();
WITH w AS (SELECT 1 AS x) SELECT x FROM w;
SELECT area, price FROM housse;
DROP TABLE made;
SELECT * FROM made JOIN market.ofers USING (id);
SELECT * FROM houses TO TRAIN xgboost.gbtree COLUMN area, rom LABEL price INTO price_model;
