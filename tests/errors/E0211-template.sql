{% set days = 3; %}
SELECT * FROM {{ ref('clicks') }} WHERE day < {{ days }};

{# it's only a remark; #} SELECT 1;

SELECT * FROM t
TO TRAIN xgboost.gbtree
WITH eta = {{ eta }}
LABEL c
INTO m;

SELECT * FORM t;
