package kube

import (
	"fmt"
	"strings"
	"testing"
)

const object = "apiVersion: v1\nkind: Thing\nmetadata:\n  name: %s\n"

func TestStreamIsReadInOrder(t *testing.T) {
	stream := "# a comment\n---\n" + fmt.Sprintf(object, "first") + "---\n# nothing\n---\n" + fmt.Sprintf(object, "second")
	documents, err := ReadDocuments([]byte(stream))
	if err != nil {
		t.Fatal(err)
	}
	if len(documents) != 2 || documents[0].Object.GetName() != "first" || documents[1].Object.GetName() != "second" {
		t.Errorf("documents: %v", documents)
	}
}

func TestUnreadableStreamsAreErrors(t *testing.T) {
	for text, expected := range map[string]string{
		"":                          "holds no object",
		"# only\n---\n# comments\n": "holds no object",
		fmt.Sprintf(object, "["):    "did not find expected",
		"a: 1\na: 2\n":              `key "a" already set in map`,
		"apiVersion: v1\n":          "Object 'Kind' is missing",
		"kind: Thing\n":             "apiVersion is missing",
		"- a list\n":                "cannot unmarshal",
		fmt.Sprintf(object, strings.Repeat("x", maxObjectBytes)): "etcd takes 1572864 at most",
	} {
		documents, err := ReadDocuments([]byte(text))
		if err == nil || !strings.Contains(err.Error(), expected) {
			t.Errorf("%.40q: %v, %v; expected %q", text, documents, err, expected)
		}
	}
}

func TestGeneratedNameHasTheLengthOfTheAPIServers(t *testing.T) {
	document, err := ReadDocuments([]byte("apiVersion: v1\nkind: Thing\nmetadata:\n  generateName: " + strings.Repeat("n", 70) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if name := GeneratedName(document[0].Object); len(name) != 63 {
		t.Errorf("%q has %d characters", name, len(name))
	}
}
