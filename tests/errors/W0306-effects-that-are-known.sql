CREATE TABLE readings AS SELECT 1 AS station, 20.5 AS temperature;
-- sqlflowc: writes=stations
INSERT INTO readings VALUES (2, 21.5);
