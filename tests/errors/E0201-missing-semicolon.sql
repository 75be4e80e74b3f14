CREATE TABLE clean AS SELECT * FROM readings WHERE temperature IS NOT NULL
DROP TABLE readings;
