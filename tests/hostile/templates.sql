-- Expressions of Argo, Tekton, the kubelet, Jinja and Helm, where they must stay plain text.
CREATE SCHEMA IF NOT EXISTS hostile;

CREATE OR REPLACE TABLE hostile.numbers AS
SELECT i AS id, i AS x, 2 * i + 1 AS y FROM range(40) AS numbers(i);

CREATE OR REPLACE TABLE hostile."{{workflow.name}}" AS
SELECT
    x,
    y AS "{{inputs.parameters.y}}",
    '{{workflow.name}}' AS a, -- {{workflow.uid}} $(context.pipelineRun.name)
    '{{=1+1}}' AS b,
    '{{= sprig.env("HOME") }}' AS c,
    '{{inputs.parameters.x}}' AS d,
    '{{ "{{" }}' AS e,
    '{{`{{workflow.name}}`}}' AS f,
    '$(context.taskRun.name)' AS g, /* {{pod.name}} $(params.x) */
    '$(params.x)' AS h,
    '$(params["x"])' AS i,
    '$(params[''x''])' AS j,
    '$(tasks.a.results.b)' AS k,
    '$(workspaces.data.path)' AS l,
    '$(HOME) $$(HOME) $$$(HOME)' AS m,
    '{% raw %}{{ x }}{% endraw %} {% if x %}' AS n,
    '{# not a comment #}' AS o,
    '{{' AS p, '}}' AS q, '$(' AS r, '$$' AS s, '{' AS t, '$' AS u,
    '{{{{x}}}}' AS v, '{{' || '{' AS w, '{{{' AS z
FROM hostile.numbers;

SELECT x, "{{inputs.parameters.y}}" AS y
FROM hostile."{{workflow.name}}"
WHERE a = '{{workflow.name}}' AND r = '$('
TO TRAIN xgboost.gbtree
WITH
    objective = "reg:squarederror",
    train.num_boost_round = 2,
    validation.select = "SELECT x, y FROM hostile.numbers WHERE '$(params.x)' <> '{{workflow.name}}{{=1+1}}$$'"
COLUMN x
LABEL y
INTO "model {{workflow.name}} $(params.x)";

SELECT x, '{{item}}$(context.taskRun.name)$$' AS "$(params.x)" FROM hostile.numbers
TO PREDICT hostile."{{workflow.name}} $(context.taskRun.name)"."{{=1+1}}"
USING "model {{workflow.name}} $(params.x)";

SELECT x FROM hostile.numbers
TO EXPLAIN "model {{workflow.name}} $(params.x)"
USING TreeExplainer
INTO hostile."$(HOME) {{inputs.parameters.x}}";

SHOW TRAIN "model {{workflow.name}} $(params.x)";
