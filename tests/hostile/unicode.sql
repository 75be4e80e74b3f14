-- Emoji, combining characters, two spellings of one letter, and text that runs from right to left.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

CREATE OR REPLACE TABLE hostile."👩‍👩‍👧‍👦" AS
SELECT
    x,
    y AS größe,
    '👩‍👩‍👧‍👦 🎉 🇪🇺 👍🏽 𝕊𝕢𝕝 🀄' AS emoji, -- 🎉 in a comment ‮comment‬
    'é' AS decomposed,
    'é' AS composed,
    'Ź̸̧҉̸̧́҉̸̧́҉̸̧́҉' AS stacked,
    '‮txet desrever‬ ⁦isolate⁩' AS bidi, /* ‮comment‬ */
    'שלום עולם مرحبا' AS right_to_left,
    '日本語 汉字 ไทย ᚠᚢᚦ' AS scripts,
    'ﬁ ① ½ İ ı ß ẞ ſ' AS folding,
    '￾￿􏿽󠁁' AS unusual
FROM hostile.numbers;

SELECT x, größe FROM hostile."👩‍👩‍👧‍👦" WHERE emoji <> '🎉‮' AND composed <> decomposed
TO TRAIN xgboost.gbtree
WITH
    objective = "reg:squarederror",
    train.num_boost_round = 2,
    validation.select = "SELECT x, größe FROM hostile.""👩‍👩‍👧‍👦"" WHERE bidi <> '‮🎉‬'"
COLUMN x
LABEL größe
INTO "モデル 🎉";

SELECT x, 'é' AS "é", 'é' AS "é" FROM hostile."👩‍👩‍👧‍👦"
TO PREDICT hostile."préd👩‍👩‍👧‍👦"."‮y‬"
USING "モデル 🎉";

SHOW TRAIN "モデル 🎉";
