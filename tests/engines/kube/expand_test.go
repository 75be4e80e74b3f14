package kube

import (
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestExpansionFollowsTheKubelet(t *testing.T) {
	known := map[string]string{"NAME": "value", "DOLLARS": "$(NAME)$$", "a b": "spaced", "": "empty"}
	for text, expected := range map[string]string{
		"":                  "",
		"plain":             "plain",
		"$":                 "$",
		"end$":              "end$",
		"$$":                "$",
		"$$$":               "$$",
		"$$$$":              "$$",
		"$body$":            "$body$",
		"$$body$$":          "$body$",
		"$(NAME)":           "value",
		"<$(NAME)$(NAME)>":  "<valuevalue>",
		"$$(NAME)":          "$(NAME)",
		"$$$(NAME)":         "$value",
		"$(UNKNOWN)":        "$(UNKNOWN)",
		"$(DOLLARS)":        "$(NAME)$$",
		"$(a b)":            "spaced",
		"$()":               "empty",
		"$(NAME":            "$(NAME",
		"$(UNKNOWN $(NAME)": "$(UNKNOWN $(NAME)",
		"${NAME} $NAME $1":  "${NAME} $NAME $1",
		"$ $(NAME) $":       "$ value $",
		"Ω$(NAME)é":         "Ωvalueé",
		"$$é":               "$é",
	} {
		if got, err := Expand(text, known); got != expected || err != nil {
			t.Errorf("%q expands to %q, %v; expected %q", text, got, err, expected)
		}
	}
}

func TestVariablesAreKnownFromTheirPlaceInTheListOn(t *testing.T) {
	started, err := Start(&corev1.Container{
		Command: []string{"$(A)"},
		Args:    []string{"$(B) $(C) $(KUBERNETES_SERVICE_HOST)"},
		Env: []corev1.EnvVar{
			{Name: "A", Value: "$(B)"},
			{Name: "B", Value: "$(A)!"},
			{Name: "C", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: "url"}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	expected := &Started{
		Command: []string{"$(B)"},
		Args:    []string{"$(B)! <value of C> 10.96.0.1"},
		Env:     map[string]string{"A": "$(B)", "B": "$(B)!"},
	}
	if !reflect.DeepEqual(started, expected) {
		t.Errorf("started %+v, expected %+v", started, expected)
	}
}

func TestDollarBeforeTextOutsideASCIIIsAnError(t *testing.T) {
	_, err := Start(&corev1.Container{
		Name:    "main",
		Command: []string{"fine$"},
		Args:    []string{"5$é"},
		Env:     []corev1.EnvVar{{Name: "PRICE", Value: "$€ and é$"}},
	})
	if err == nil || strings.Count(err.Error(), "136325") != 2 ||
		!strings.Contains(err.Error(), "args: `$é`") || !strings.Contains(err.Error(), "env PRICE: `$€`") {
		t.Errorf("error: %v", err)
	}
}
