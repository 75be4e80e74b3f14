SELECT * FROM plants
TO MAXIMIZE SUM(price * amount)
CONSTRAINT
    amount < 10,
    amount <> 5,
    amount >= 1 OR amount = 0,
    ROUND(amount) <= 3
WITH variables = "amount(plant)", var_type = "NonNegativeReals"
INTO production;

SELECT * FROM plants
TO MINIMIZE SUMM(price * amount)
WITH variables = "amount(plant)", var_type = "NonNegativeReals"
INTO production;

SELECT * FROM plants
TO MINIMIZE SUM(CASE WHEN price > 1 THEN amount ELSE 0 END)
WITH variables = "amount(plant)", var_type = "NonNegativeReals"
INTO production;

SELECT * FROM plants
TO MINIMIZE SUM(p.price * amount)
WITH variables = "amount(plant)", var_type = "NonNegativeReals"
INTO production;
