-- Lines of blanks only, literals that begin and end in line ends, and no semicolon at the end.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

SELECT
    '
' AS one_line_end,
    '

' AS two_line_ends,
    'first    
    
	
last  ' AS blank_lines,
    '   ' AS three_blanks,
    '	' AS one_tab,
    ' 	 lead' AS leading,
    'trail 	 ' AS trailing,
    '
    indented
        more
back' AS indented,     
    
    ' ' AS "  name with blanks  ";

SELECT x, y, '
    
' AS note
    
FROM hostile.numbers
TO TRAIN xgboost.gbtree
WITH
    objective = "reg:squarederror",
    train.num_boost_round = 2,
    validation.select = "
    
  SELECT x, y FROM hostile.numbers WHERE '
  ' <> ' '
"
COLUMN x
LABEL y
INTO "  model  ";

SELECT x FROM hostile.numbers
TO PREDICT hostile."  predicted  "."  y  "
USING "  model  "