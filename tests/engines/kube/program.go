package kube

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/util/sets"
)

// Exit statuses of the programs, the same as sqlflowc's own.
const (
	exitDone    = 0
	exitInvalid = 1
	exitUsage   = 2
	exitFailed  = 3
)

// Engine is what a program checks manifests with. It gets all objects of one
// file at once, since one may refer to another.
type Engine interface {
	// Validate returns everything that is wrong, none when the engine would
	// run the objects.
	Validate(documents []Document) []error
	// Substitute returns how each step's containers are started.
	Substitute(documents []Document) ([]Step, error)
}

// Step is a step of a program as it is started on the cluster. `--substitute`
// prints one a line.
type Step struct {
	// Name is that of the DAG task or pipeline task.
	Name string `json:"step"`
	Process
	// Script is the text of a script template or step, absent for others.
	Script *string `json:"script,omitempty"`
	// Others are the manifest's own init containers and sidecars.
	Others []Process `json:"others,omitempty"`
}

// Process is one container, after every substitution.
type Process struct {
	Container string            `json:"container"`
	Command   []string          `json:"command"`
	Args      []string          `json:"args"`
	Env       map[string]string `json:"env"`
}

// NewProcess names what the kubelet started.
func NewProcess(container string, started *Started) Process {
	return Process{
		Container: container,
		Command:   append([]string{}, started.Command...),
		Args:      append([]string{}, started.Args...),
		Env:       started.Env,
	}
}

// Run is the main function of both programs; it returns the exit status.
//
// The folder with the engine's custom resource definitions is passed on to
// newEngine; definitions is its default, set when the program is linked.
func Run(name, definitions string, newEngine func(definitions string) Engine, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: %s [--substitute] FILE…\n\nCheck manifests as the engine and the API server do; `-` is standard input.\n\n", name)
		flags.PrintDefaults()
	}
	substitute := flags.Bool("substitute", false, "print how each step is started, as JSON lines, after every substitution")
	flags.StringVar(&definitions, "crds", definitions, "`folder` of the engine's custom resource definitions")
	if err := flags.Parse(args); err != nil {
		return exitUsage
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return exitUsage
	}
	if _, err := os.Stat(definitions); err != nil {
		fmt.Fprintf(stderr, "%s: custom resource definitions: %v\n", name, err)
		return exitFailed
	}

	engine := newEngine(definitions)
	act := func(documents []Document) []error { return validate(engine, documents) }
	report := stdout
	if *substitute {
		act = func(documents []Document) []error { return printSteps(engine, documents, stdout) }
		report = stderr
	}
	status := exitDone
	for _, file := range flags.Args() {
		data, err := read(file, stdin)
		if err != nil {
			fmt.Fprintf(stderr, "%s: %v\n", name, err)
			return exitFailed
		}
		found := actOn(data, act)
		for _, one := range found {
			fmt.Fprintf(report, "%s: %v\n", file, one)
			status = exitInvalid
		}
		if len(found) == 0 && !*substitute {
			fmt.Fprintf(report, "ok %s\n", file)
		}
	}
	return status
}

func read(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(file)
}

func actOn(data []byte, act func([]Document) []error) []error {
	documents, err := ReadDocuments(data)
	if err != nil {
		return []error{err}
	}
	return act(documents)
}

// validate reports an error once, though several passes of an engine find it.
func validate(engine Engine, documents []Document) []error {
	var found []error
	seen := sets.New[string]()
	for _, one := range engine.Validate(documents) {
		if !seen.Has(one.Error()) {
			seen.Insert(one.Error())
			found = append(found, one)
		}
	}
	return found
}

func printSteps(engine Engine, documents []Document, out io.Writer) []error {
	steps, err := engine.Substitute(documents)
	if err != nil {
		return []error{err}
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, step := range steps {
		if err := encoder.Encode(step); err != nil {
			return []error{err}
		}
	}
	return nil
}
