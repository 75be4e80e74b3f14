CREATE TABEL readings (station INTEGER, temperature DOUBLE);

INSERT INTO readings VALUES (1, 21.5);
