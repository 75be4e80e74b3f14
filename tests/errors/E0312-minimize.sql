SELECT * FROM routes
TO MINIMIZE SUM(cost * shipped)
WITH variables = "shipped(route)"
INTO shipping;
