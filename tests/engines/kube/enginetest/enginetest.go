// Package enginetest holds the tests that both engines share.
package enginetest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sqlflowc/tests/engines/kube"
)

// Definitions returns a folder inside the module that the engine comes from.
func Definitions(t *testing.T, module, folder string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", module, err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), folder)
}

// AcceptsGoodManifests expects no error for any file in testdata/good.
func AcceptsGoodManifests(t *testing.T, engine kube.Engine) {
	each(t, "testdata/good", func(t *testing.T, data []byte) {
		for _, err := range Validate(t, engine, data) {
			t.Error(err)
		}
	})
}

// RefusesBrokenManifests expects the errors that each file in testdata/broken
// names in comments (`# error: TEXT`, a part of the message), each at least
// once, and no others.
func RefusesBrokenManifests(t *testing.T, engine kube.Engine) {
	each(t, "testdata/broken", func(t *testing.T, data []byte) {
		expected := expectedErrors(data)
		if len(expected) == 0 {
			t.Fatal("the file names no error that it must give")
		}
		Expect(t, Validate(t, engine, data), expected...)
	})
}

// Expect fails unless each error contains one of the texts and each text is in
// one of the errors.
func Expect(t *testing.T, found []error, texts ...string) {
	t.Helper()
	met := map[string]bool{}
	for _, err := range found {
		known := false
		for _, text := range texts {
			if strings.Contains(err.Error(), text) {
				known, met[text] = true, true
			}
		}
		if !known {
			t.Errorf("unexpected: %v", err)
		}
	}
	for _, text := range texts {
		if !met[text] {
			t.Errorf("no error says %q", text)
		}
	}
}

// Validate reads a manifest and returns all that is wrong with it.
func Validate(t *testing.T, engine kube.Engine, data []byte) []error {
	t.Helper()
	documents, err := kube.ReadDocuments(data)
	if err != nil {
		return []error{err}
	}
	return engine.Validate(documents)
}

// Substitute returns the steps of a manifest as `--substitute` prints them.
func Substitute(t *testing.T, engine kube.Engine, file string) (map[string]kube.Step, error) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	documents, err := kube.ReadDocuments(data)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := engine.Substitute(documents)
	if err != nil {
		return nil, err
	}
	named := map[string]kube.Step{}
	for _, step := range steps {
		named[step.Name] = step
	}
	return named, nil
}

// RunsAsProgram expects that the program reads files and standard input, prints
// one line each, and tells by its exit status what it found.
func RunsAsProgram(t *testing.T, definitions string, newEngine func(string) kube.Engine, good, broken string) {
	run := func(stdin string, args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		status := kube.Run("program", definitions, newEngine, args, strings.NewReader(stdin), &stdout, &stderr)
		return status, stdout.String(), stderr.String()
	}
	if status, out, _ := run("", good); status != 0 || out != "ok "+good+"\n" {
		t.Errorf("good file: exit status %d, output %q", status, out)
	}
	if status, out, _ := run("", good, broken); status != 1 || !strings.Contains(out, "\n"+broken+": ") {
		t.Errorf("broken file: exit status %d, output %q", status, out)
	}
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	if status, out, _ := run(string(text), "-"); status != 0 || out != "ok -\n" {
		t.Errorf("standard input: exit status %d, output %q", status, out)
	}
	status, out, _ := run("", "--substitute", good)
	for line := range strings.Lines(out) {
		var step map[string]any
		if err := json.Unmarshal([]byte(line), &step); err != nil || step["step"] == "" {
			t.Errorf("not a step: %q: %v", line, err)
		}
	}
	if status != 0 || out == "" {
		t.Errorf("--substitute: exit status %d, output %q", status, out)
	}
	if status, _, message := run(""); status != 2 || !strings.Contains(message, "usage: program") {
		t.Errorf("no files: exit status %d, message %q", status, message)
	}
	if status, _, message := run("", "absent.yaml"); status != 3 || !strings.Contains(message, "absent.yaml") {
		t.Errorf("missing file: exit status %d, message %q", status, message)
	}
	if status, _, message := run("", "--crds", "absent", good); status != 3 || !strings.Contains(message, "absent") {
		t.Errorf("missing definitions: exit status %d, message %q", status, message)
	}
}

func each(t *testing.T, folder string, check func(t *testing.T, data []byte)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no manifest in %s", folder)
	}
	for _, file := range files {
		t.Run(strings.SplitN(filepath.Base(file), ".", 2)[0], func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			check(t, data)
		})
	}
}

func expectedErrors(data []byte) []string {
	var expected []string
	for line := range strings.Lines(string(data)) {
		if text, ok := strings.CutPrefix(line, "# error: "); ok {
			expected = append(expected, strings.TrimSpace(text))
		}
	}
	return expected
}
