CREATE TABLE houses (area DOUBLE, rooms INTEGER, price DOUBLE);

SELECT houses.area FROM houses AS h;
SELECT house.* FROM houses;
SELECT h.area FROM houses AS h WHERE EXISTS (SELECT 1 FROM houses AS other WHERE other.area = x.area);
