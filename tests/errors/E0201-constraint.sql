SELECT * FROM plants
TO MAXIMIZE SUM(price * amount)
CONSTRAINT SUM(amount <= 100
WITH variables = "amount(plant)"
INTO plan;
