SELECT * FROM plants
TO MAXIMIZE (price - cost) * amount
CONSTRAINT amount <= 10
WITH variables = "amount(plant)", var_type = "NonNegativeReals"
INTO production;
