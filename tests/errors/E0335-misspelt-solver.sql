SELECT * FROM plants
TO MAXIMIZE SUM(price * amount)
CONSTRAINT amount <= 10
WITH variables = "amount(plant)", var_type = "NonNegativeReals"
USING glkp
INTO production;

SELECT * FROM plants
TO MAXIMIZE SUM(price * amount)
CONSTRAINT amount <= 10
WITH variables = "amount(plant)", var_type = "NonNegativeReals"
USING simplex_by_hand
INTO production;
