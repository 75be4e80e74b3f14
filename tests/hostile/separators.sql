-- Characters that some readers take for line ends, spaces or nothing: as real bytes.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

CREATE OR REPLACE TABLE hostile."a b c" AS
SELECT
    x,
    y AS "y ",
    'line separator' AS u2028, --   in a comment   too
    'paragraph separator' AS u2029,
    'nextline' AS u0085, /*  ﻿ */
    'no break ' AS u00a0,
    'byte﻿order﻿mark' AS ufeff,
    '﻿' AS only_a_mark,
    '​zero​width‍⁠' AS u200b,
    '­soft­hyphen' AS u00ad,
    '　wide　space　' AS u3000,
    '   ﻿' AS together,
    '	tab	' AS tabs
FROM hostile.numbers;

SELECT x, "y " FROM hostile."a b c" WHERE u2028 <> '   ﻿'
TO TRAIN xgboost.gbtree
WITH
    objective = "reg:squarederror",
    train.num_boost_round = 2,
    validation.select = "SELECT x, ""y "" FROM hostile.""a b c"" WHERE u0085 <> '﻿'"
COLUMN x
LABEL "y "
INTO "model  ﻿";

SELECT x, '' AS "﻿" FROM hostile."a b c"
TO PREDICT hostile."ab﻿"."c d"
USING "model  ﻿";
