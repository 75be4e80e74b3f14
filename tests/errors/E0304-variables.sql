SELECT * FROM plants
TO MAXIMIZE SUM(price * amount)
WITH variables = "amount(plant", var_type = "Reals"
INTO production;

SELECT * FROM plants
TO MAXIMIZE SUM(price * amount)
WITH variables = "amount(plant), Amount(market)", var_type = "Reals"
INTO production;

SELECT * FROM plants
TO MAXIMIZE SUM(price * amount)
WITH variables = "amount(plant)", var_type = "NonNegativeInteger"
INTO production;

SELECT * FROM plants
TO MAXIMIZE SUM(price * amount)
WITH variables = "amount(plant)", var_type = ["Reals", "Binary"]
INTO production;
