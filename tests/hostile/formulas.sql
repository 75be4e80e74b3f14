-- Names in formulas, which are printed as Python.
CREATE OR REPLACE TABLE "fo'rmu{{las}}" AS
SELECT * FROM (VALUES ('a', 1, 2), ('b', 3, 4)) AS t("pl""ant $$x", "pri'ce {{y}}", "co\st $(x)");

SELECT * FROM "fo'rmu{{las}}"
TO MAXIMIZE SUM(("co\st $(x)" - "pri'ce {{y}}") * "amo'unt {{z}}")
CONSTRAINT "amo'unt {{z}}" <= 3, SUM("pri'ce {{y}}" * "amo'unt {{z}}") <= 5 GROUP BY "pl""ant $$x"
WITH variables = 'amo''unt {{z}}(pl"ant $$x)', var_type = "NonNegativeReals"
INTO "pro'duction {{w}}";
