CREATE TABLE houses (area DOUBLE, rooms INTEGER, price DOUBLE);
CREATE TABLE sales (area DOUBLE, price DOUBLE);

INSERT INTO houses (area, rooms) SELECT area FROM sales;
INSERT INTO houses (area) VALUES (120, 5);
INSERT INTO houses SELECT * FROM sales;
INSERT INTO sales SELECT * FROM houses;
