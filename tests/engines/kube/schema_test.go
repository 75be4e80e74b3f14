package kube

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// definition uses each part of a schema that the API server checks in a
// different place.
const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things.example.org
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            apiVersion: {type: string}
            kind: {type: string}
            metadata: {type: object}
            spec:
              type: object
              x-kubernetes-validations:
                - rule: self.low <= self.high
                  message: low must not exceed high
              properties:
                low: {type: integer, default: 1}
                high: {type: integer, default: 10}
                size: {x-kubernetes-int-or-string: true}
                names:
                  type: array
                  maxItems: 2
                  x-kubernetes-list-type: set
                  items: {type: string}
                anything: {type: object, x-kubernetes-preserve-unknown-fields: true}
                embedded:
                  type: object
                  x-kubernetes-embedded-resource: true
                  x-kubernetes-preserve-unknown-fields: true
    - name: v0
      served: false
      storage: false
      schema:
        openAPIV3Schema: {type: object}
`

func checkThing(t *testing.T, version, spec string) []string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "thing.yaml"), []byte(definition), 0o600); err != nil {
		t.Fatal(err)
	}
	documents, err := ReadDocuments([]byte("apiVersion: " + version + "\nkind: Thing\nmetadata: {name: a}\nspec: " + spec + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	var messages []string
	for _, err := range NewSchemas(folder, map[string]string{"Thing": "thing.yaml"}).Check(documents[0].Object) {
		messages = append(messages, err.Error())
	}
	return messages
}

func TestObjectThatFitsItsDefinitionIsAccepted(t *testing.T) {
	for _, spec := range []string{
		`{}`,
		`{low: 2, high: 2, size: 3, names: [a, b], anything: {b: [1]}}`,
		`{size: "3", embedded: {apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {}}}`,
	} {
		if messages := checkThing(t, "example.org/v1", spec); len(messages) > 0 {
			t.Errorf("%s: %q", spec, messages)
		}
	}
}

func TestObjectThatDoesNotFitItsDefinitionIsRefused(t *testing.T) {
	for spec, expected := range map[string]string{
		`{lwo: 1}`:               `unknown field "spec.lwo"`,
		`{low: "1"}`:             "spec.low in body must be of type integer",
		`{low: 11}`:              "low must not exceed high",
		`{names: [a, b, c]}`:     "spec.names: Too many: 3: must have at most 2 items",
		`{names: [a, a]}`:        `spec.names[1]: Duplicate value: "a"`,
		`{size: true}`:           "spec.size in body must be of type integer,string",
		`{embedded: {spec: {}}}`: "spec.embedded.apiVersion: Required value",
		`{embedded: {apiVersion: v1, kind: Pod, metadata: {nmae: b}}}`: `unknown field "spec.embedded.metadata.nmae"`,
		`null`: "spec: Required value",
	} {
		messages := checkThing(t, "example.org/v1", spec)
		if !slices.ContainsFunc(messages, func(message string) bool { return strings.Contains(message, expected) }) {
			t.Errorf("%s: %q, expected %q", spec, messages, expected)
		}
	}
}

func TestUnknownVersionsAndGroupsAreRefused(t *testing.T) {
	for version, expected := range map[string]string{
		"example.org/v0": "v0 is not a served version of kind Thing",
		"example.org/v2": "v2 is not a served version of kind Thing",
		"example.com/v1": "example.com is not the group of kind Thing, it is example.org",
	} {
		if messages := checkThing(t, version, "{}"); len(messages) != 1 || !strings.Contains(messages[0], expected) {
			t.Errorf("%s: %q, expected %q", version, messages, expected)
		}
	}
}
