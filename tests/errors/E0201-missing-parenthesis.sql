CREATE TABLE daily AS
SELECT station, avg(temperature FROM readings GROUP BY station;
