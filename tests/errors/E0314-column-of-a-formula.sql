SELECT plant, price FROM plants
TO MAXIMIZE SUM(prices * amount)
CONSTRAINT SUM(amount) <= 10 GROUP BY market
WITH variables = "amount(plant)", var_type = "NonNegativeReals"
INTO production;
