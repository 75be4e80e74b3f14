SELECT * FROM plants
TO MAXIMIZE SUM(price * amount)
CONSTRAINT SUM(amount) <= 100 GROUP BY country
WITH variables = "amount(plant)", var_type = "NonNegativeIntegers"
USING glpk
INTO production;
