CREATE TABLE houses (area DOUBLE, rooms INTEGER, price DOUBLE);
CREATE TABLE sales (area DOUBLE, prize DOUBLE);

INSERT INTO houses (area, room) SELECT area, 1 FROM sales;
UPDATE houses SET prise = sales.prize FROM sales WHERE houses.area = sales.aria;
DELETE FROM houses USING sales WHERE houses.area = sales.area AND pricy > 1000;
MERGE INTO houses AS h USING sales AS s ON h.area = s.area
WHEN MATCHED THEN UPDATE SET price = s.price
WHEN NOT MATCHED THEN INSERT (area, room) VALUES (s.area, 1);
