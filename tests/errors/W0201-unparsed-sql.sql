CREATE TABLE readings AS SELECT 1 AS station, 20.5 AS temperature;
UPDATE EXTENSIONS (spatial);
