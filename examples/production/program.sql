-- What to make and where to send it.
CREATE OR REPLACE TABLE toys AS
SELECT * FROM (VALUES
    ('soldier', 27, 10, 14, 2, 1, 40),
    ('train',   21,  9, 10, 1, 1, 60),
    ('puzzle',  12,  4,  5, 0.5, 0.25, 90)
) AS toy(product, price, material, wages, finishing, carpentry, demand);

SELECT * FROM toys
TO MAXIMIZE SUM((price - material - wages) * amount)
CONSTRAINT SUM(finishing * amount) <= 100, SUM(carpentry * amount) <= 80, amount <= demand
WITH variables = "amount(product)", var_type = "NonNegativeIntegers"
INTO toy_production;

CREATE OR REPLACE TABLE routes AS
SELECT * FROM (VALUES
    ('north', 'city',    4, 60, 55, 300),
    ('north', 'harbour', 7, 60, 40, 300),
    ('south', 'city',    6, 80, 55, 200),
    ('south', 'harbour', 3, 80, 40, 200),
    ('east',  'city',    5, 50, 55, 350),
    ('east',  'harbour', 5, 50, 40, 350)
) AS route(plant, market, cost, capacity, demand, rent);

-- Each plant sends what it can, each market gets what it needs.
SELECT * FROM routes
TO MINIMIZE SUM(cost * shipped)
CONSTRAINT SUM(shipped) <= capacity GROUP BY plant, SUM(shipped) >= demand GROUP BY market
WITH variables = "shipped(plant, market)", var_type = "NonNegativeReals"
INTO shipments;

-- A plant that is opened costs its rent, which stands in both of its rows.
SELECT * FROM routes
TO MINIMIZE SUM(cost * shipped + rent / 2 * opened)
CONSTRAINT SUM(shipped) <= capacity * opened GROUP BY plant, SUM(shipped) = demand GROUP BY market
WITH
    variables = ["shipped(plant, market)", "opened(plant)"],
    var_type = ["NonNegativeReals", "Binary"]
INTO site_plan;

SELECT product, price AS wanted FROM toys
TO MINIMIZE SUM((reduced - wanted) * (reduced - wanted))
CONSTRAINT SUM(reduced) = 54
WITH variables = "reduced(product)", var_type = "NonNegativeReals"
INTO prices;

SELECT * FROM toy_production;
SELECT * FROM site_plan WHERE value > 0;
