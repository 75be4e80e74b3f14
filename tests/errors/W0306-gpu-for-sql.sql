-- sqlflowc: gpu=1 memory=8Gi
CREATE TABLE daily AS SELECT station, avg(temperature) AS temperature FROM readings GROUP BY station;
