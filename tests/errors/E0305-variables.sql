SELECT * FROM plants
TO MAXIMIZE SUM(price * amount)
CONSTRAINT amount <= 10
USING glpk
INTO production;
