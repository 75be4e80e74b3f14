CREATE TABLE zeadings AS SELECT 1 AS station, 20.5 AS temperature;
-- sqlflowc: writes=stations
INSERT INTO readings VAL2SU(E , 21.5);
