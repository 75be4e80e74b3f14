-- What a shell, printf or a format string would expand or run.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

SELECT
    '$HOME ${HOME} $(HOME) `id` $(id) $((1+1)) $? $! $0 $@ $#' AS variables, -- `id` $(id)
    '~ * ? [a-z] {a,b} !! !$ ^a^b' AS patterns,
    'a; b && c || d | e > f < g & h' AS operators,
    '%s %d %n %% %(name)s %1$s %x' AS printf, /* `id` ${HOME:-x} %s {} {0} */
    '{} {0} {name} {name!r} {name:>10} {{}} {0.__class__}' AS formats,
    'f"{x}" r"\x" b"y" u"z"' AS prefixes,
    '
EOF
''EOF''
END
' AS here_documents,
    '''"''"''' AS quote_dance,
    '#!/bin/sh
# a comment
exit 1' AS script;

SELECT x, y, '`id` $(id) ${HOME} %s {0}' AS note FROM hostile.numbers
TO TRAIN xgboost.gbtree
WITH
    objective = "reg:squarederror",
    train.num_boost_round = 2,
    validation.select = "SELECT x, y FROM hostile.numbers WHERE '`id`' <> '$(id) ${HOME} %s {} {0} $$'"
COLUMN x
LABEL y
INTO "`id` $(id) ${HOME} %s {0}";

SELECT x FROM hostile.numbers
TO PREDICT hostile."`id` ${HOME} $$"."%s {} {0}"
USING "`id` $(id) ${HOME} %s {0}";
