-- sqlflowc: memory=8GB timeout=90
CREATE TABLE daily AS SELECT station, avg(temperature) FROM readings GROUP BY station;
