CREATE TABLE houses (area DOUBLE, rooms INTEGER, price DOUBLE);

SELECT area, room FROM houses;
