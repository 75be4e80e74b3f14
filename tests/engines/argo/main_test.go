package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"sqlflowc/tests/engines/kube/enginetest"
)

const (
	goodFile   = "testdata/good/workflow.argo.yaml"
	brokenFile = "testdata/broken/cycle.argo.yaml"
)

func crds(t *testing.T) string {
	return enginetest.Definitions(t, "github.com/argoproj/argo-workflows/v4", "manifests/base/crds/full")
}

func TestGoodManifestsAreAccepted(t *testing.T) {
	enginetest.AcceptsGoodManifests(t, newEngine(crds(t)))
}

func TestBrokenManifestsAreRefused(t *testing.T) {
	enginetest.RefusesBrokenManifests(t, newEngine(crds(t)))
}

func TestProgramReportsEachFile(t *testing.T) {
	enginetest.RunsAsProgram(t, crds(t), newEngine, goodFile, brokenFile)
}

// workflowWith writes a workflow with one DAG and as many steps as asked for,
// each with a template of its own.
func workflowWith(steps int) []byte {
	var text bytes.Buffer
	text.WriteString("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  name: many\nspec:\n  entrypoint: main\n  templates:\n    - name: main\n      dag:\n        tasks:\n")
	for step := range steps {
		fmt.Fprintf(&text, "          - {name: s%d, template: s%d}\n", step, step)
	}
	for step := range steps {
		fmt.Fprintf(&text, "    - name: s%d\n      container: {image: a, command: [b]}\n", step)
	}
	return text.Bytes()
}

func TestOnlyTheDefinitionLimitsTheNumberOfTemplates(t *testing.T) {
	engine := newEngine(crds(t))
	for _, err := range enginetest.Validate(t, engine, workflowWith(199)) {
		t.Errorf("199 steps: %v", err)
	}
	enginetest.Expect(t, enginetest.Validate(t, engine, workflowWith(200)),
		"spec.templates: Too many: 201: must have at most 200 items")
	enginetest.Expect(t, enginetest.Validate(t, engine, workflowWith(201)),
		"spec.templates: Too many: 202: must have at most 200 items",
		"spec.templates[0].dag.tasks: Too many: 201: must have at most 200 items")
}

func TestTextThatArgoOrTheKubeletKnowsIsRewritten(t *testing.T) {
	steps, err := enginetest.Substitute(t, newEngine(crds(t)), "testdata/hostile/workflow.argo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	expectArgs(t, steps["rewritten"].Args,
		"hostile",
		"data",
		"Zürich",
		"2",
		"hostile",
		"0",
		"$body$",
		"hello $(NAME) and $(LATER)",
		"$(GREETING)",
		"<value of SECRET>",
		"443",
	)
	environment := map[string]string{"GREETING": "hello $(NAME) and $(LATER)", "NAME": "hostile", "LATER": "hostile!"}
	if !maps.Equal(steps["rewritten"].Env, environment) {
		t.Errorf("environment: %q", steps["rewritten"].Env)
	}
	if script := steps["script"].Script; script == nil || *script != "print(\"hostile $ costs\")\n" {
		t.Errorf("script: %v", script)
	}
}

func TestOtherTextIsKept(t *testing.T) {
	steps, err := enginetest.Substitute(t, newEngine(crds(t)), "testdata/hostile/workflow.argo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	expectArgs(t, steps["kept"].Args,
		`{{x}} {{ ref("a") }} {{1,2},{3,4}} {{ {{ }}`,
		`{\u007bworkflow.name}} \u007b{workflow.name}} {\x7bworkflow.name}}`,
		`$\u0028GREETING) $\x24 \x24\x24`,
		`costs 5$ (net) $1 $x ${HOME} $( $(UNKNOWN) end$`,
		"quote ' \" back\\slash tab\t\u2028 line\nnext <&> Ωé",
	)
}

func TestTextThatTheKubeletCorruptsIsAnError(t *testing.T) {
	_, err := enginetest.Substitute(t, newEngine(crds(t)), "testdata/hostile/mangled.argo.yaml")
	if err == nil || !strings.Contains(err.Error(), "container main: args: `$é`: a `$` before a character outside ASCII") {
		t.Errorf("error: %v", err)
	}
}

func TestExpressionThatFailsWhenRunIsAnError(t *testing.T) {
	text, err := os.ReadFile("testdata/hostile/mangled.argo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := t.TempDir() + "/expression.yaml"
	if err := os.WriteFile(file, bytes.ReplaceAll(text, []byte("5$é"), []byte("{{=a,b},{c,d}}")), 0o600); err != nil {
		t.Fatal(err)
	}
	engine := newEngine(crds(t))
	if _, err = enginetest.Substitute(t, engine, file); err == nil || !strings.Contains(err.Error(), "unexpected token") {
		t.Errorf("error: %v", err)
	}
}

func TestReferencesToTemplatesOfTheSameFileAreFollowed(t *testing.T) {
	steps, err := enginetest.Substitute(t, newEngine(crds(t)), "testdata/good/scheduled.argo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	expectArgs(t, steps["create-churn-train"].Args, "print('create')")
	expectArgs(t, steps["drop-churn-train"].Args, "print('drop')")
}

func TestArgumentsAbove128KiBBypassTheKubelet(t *testing.T) {
	engine := newEngine(crds(t))
	for _, size := range []int{1000, 140_000} {
		text := "$$" + strings.Repeat("x", size)
		manifest := strings.Replace(string(workflowWith(1)), "command: [b]", "command: [b], args: ["+text+"]", 1)
		file := t.TempDir() + "/large.yaml"
		if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
			t.Fatal(err)
		}
		steps, err := enginetest.Substitute(t, engine, file)
		if err != nil {
			t.Fatal(err)
		}
		if kept := steps["s0"].Args[0] == text; kept != (size > 131_072) {
			t.Errorf("%d characters: kept is %t", size, kept)
		}
	}
}

func expectArgs(t *testing.T, args []string, expected ...string) {
	t.Helper()
	if !slices.Equal(args, expected) {
		t.Errorf("arguments:\n%q\nexpected:\n%q", args, expected)
	}
}
