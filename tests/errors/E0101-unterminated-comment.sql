CREATE TABLE clean AS SELECT * FROM readings;

/* The next statement takes an hour.
DROP TABLE readings;
