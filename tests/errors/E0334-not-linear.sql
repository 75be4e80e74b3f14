SELECT * FROM plants
TO MINIMIZE SUM(amount * amount)
CONSTRAINT
    amount * amount <= 4,
    price / amount <= 3,
    MAX(amount) <= 3,
    SUM(SUM(amount)) <= 3,
    price <= 3,
    amount,
    (amount <= 3) + 1 <= 2,
    amount <= 3 GROUP BY plant
WITH variables = "amount(plant)", var_type = "NonNegativeIntegers"
INTO production;

SELECT * FROM plants
TO MINIMIZE SUM(amount * amount * amount)
WITH variables = "amount(plant)", var_type = "Reals"
INTO production;

SELECT * FROM plants
TO MINIMIZE SUM(price)
WITH variables = "amount(plant)", var_type = "Reals"
INTO production;
