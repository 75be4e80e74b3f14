package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"sqlflowc/tests/engines/kube/enginetest"
)

const (
	goodFile   = "testdata/good/pipelinerun.tekton.yaml"
	brokenFile = "testdata/broken/cycle.tekton.yaml"
)

func crds(t *testing.T) string {
	return enginetest.Definitions(t, "github.com/tektoncd/pipeline", "config/300-crds")
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

func TestTextThatTektonOrTheKubeletKnowsIsRewritten(t *testing.T) {
	steps, err := enginetest.Substitute(t, newEngine(crds(t)), "testdata/hostile/pipelinerun.tekton.yaml")
	if err != nil {
		t.Fatal(err)
	}
	expectArgs(t, steps["rewritten"].Args,
		"hostile",
		"hostile-rewritten",
		"$hostile-rewritten",
		"Zürich hostile-rewritten",
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
}

func TestOtherTextIsKept(t *testing.T) {
	steps, err := enginetest.Substitute(t, newEngine(crds(t)), "testdata/hostile/pipelinerun.tekton.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if command := steps["kept"].Command; !slices.Equal(command, []string{"python", "-c"}) {
		t.Errorf("command: %q", command)
	}
	expectArgs(t, steps["kept"].Args,
		"{{x}} {{workflow.name}} {{=1+1}} ${HOME} $(date)",
		`$\u0028context.taskRun.name) $\x24 \x24\x28params.city)`,
		"costs 5$ (net) $1 $x $( $(UNKNOWN) end$",
		"quote ' \" back\\slash tab\t\u2028 line\nnext <&> Ωé",
		"--",
		"-entrypoint",
	)
}

func TestScriptsAreRewrittenByTektonAlone(t *testing.T) {
	steps, err := enginetest.Substitute(t, newEngine(crds(t)), "testdata/hostile/pipelinerun.tekton.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, expected := range map[string]string{
		"script":      "#!/usr/bin/env python\nprint(\"hostile-script $$ costs {{x}} $é\")\n",
		"bare-script": "#!/bin/sh\nset -e\necho $HOME $$",
	} {
		if script := steps[name].Script; script == nil || *script != expected {
			t.Errorf("%s: %v, expected %q", name, script, expected)
		}
	}
}

func TestTextThatTheKubeletCorruptsIsAnError(t *testing.T) {
	_, err := enginetest.Substitute(t, newEngine(crds(t)), "testdata/hostile/mangled.tekton.yaml")
	if err == nil || !strings.Contains(err.Error(), "container step-run: args: `$é`: a `$` before a character outside ASCII") {
		t.Errorf("error: %v", err)
	}
}

func TestReferencesToObjectsOfTheSameFileAreFollowed(t *testing.T) {
	steps, err := enginetest.Substitute(t, newEngine(crds(t)), "testdata/good/pipeline.tekton.yaml")
	if err != nil {
		t.Fatal(err)
	}
	expectArgs(t, steps["create-churn-train"].Args, "print('create')")
	expectArgs(t, steps["drop-churn-train"].Args, "print('drop')")
}

func TestWhatIsNotCoveredIsAnError(t *testing.T) {
	_, err := enginetest.Substitute(t, newEngine(crds(t)), "testdata/good/notified.tekton.yaml")
	if !errors.Is(err, errNotCovered) {
		t.Errorf("error: %v", err)
	}
}

func expectArgs(t *testing.T, args []string, expected ...string) {
	t.Helper()
	if !slices.Equal(args, expected) {
		t.Errorf("arguments:\n%q\nexpected:\n%q", args, expected)
	}
}
