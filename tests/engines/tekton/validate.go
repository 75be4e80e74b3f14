package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/tektoncd/pipeline/pkg/apis/config"
	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"knative.dev/pkg/apis"
	kjson "sigs.k8s.io/json"

	"sqlflowc/tests/engines/kube"
)

const (
	pipelineRunKind = "PipelineRun"
	pipelineKind    = "Pipeline"
	taskKind        = "Task"
)

// tag is how a reference to one of Tekton's variables begins.
const tag = "$("

// engine is Tekton, as kube.Run uses it.
type engine struct {
	schemas *kube.Schemas
}

func newEngine(definitions string) kube.Engine {
	return &engine{schemas: kube.NewSchemas(definitions, map[string]string{
		pipelineRunKind: "300-pipelinerun.yaml",
		pipelineKind:    "300-pipeline.yaml",
		taskKind:        "300-task.yaml",
	})}
}

// Validate checks each object alone, and then the pods that they lead to.
func (e *engine) Validate(documents []kube.Document) []error {
	var found []error
	var objects resources
	for _, document := range documents {
		object, problems := parse(document)
		found = append(found, problems...)
		if object == nil {
			continue
		}
		objects = append(objects, object)
		found = append(found, e.schemas.Check(document.Object)...)
		found = append(found, e.checkEmbedded(document.Object)...)
		found = append(found, kube.CheckMetadata(object)...)
		found = append(found, validateObject(object)...)
	}
	// Pods of an object that Tekton refuses say nothing new.
	if len(found) > 0 {
		return found
	}
	return checkPods(objects)
}

// resource is one of *v1.PipelineRun, *v1.Pipeline and *v1.Task.
type resource interface {
	metav1.Object
	runtime.Object
	apis.Validatable
	apis.Defaultable
}

// resources are the objects of one file.
type resources []resource

// parse decodes one object as Tekton's admission webhook does; unknown fields
// are errors. An object that cannot be decoded is nil.
func parse(document kube.Document) (resource, []error) {
	// The definitions serve v1beta1 too; the decoder below is for v1 alone.
	if version := document.Object.GetAPIVersion(); version != "tekton.dev/v1" {
		return nil, []error{fmt.Errorf("apiVersion: %s is not tekton.dev/v1", version)}
	}
	var target resource
	switch kind := document.Object.GetKind(); kind {
	case pipelineRunKind:
		target = &v1.PipelineRun{}
	case pipelineKind:
		target = &v1.Pipeline{}
	case taskKind:
		target = &v1.Task{}
	default:
		return nil, []error{fmt.Errorf("kind %s is none of PipelineRun, Pipeline, Task", kind)}
	}
	problems, err := kjson.UnmarshalStrict(document.JSON, target)
	if err != nil {
		return nil, []error{err}
	}
	return target, problems
}

// checkEmbedded checks the specs inside an object as objects of their own,
// since the definitions do not look inside pipelineSpec and taskSpec.
func (e *engine) checkEmbedded(object *unstructured.Unstructured) []error {
	var found []error
	switch object.GetKind() {
	case pipelineRunKind:
		if spec, ok := mapAt(object.Object, "spec", "pipelineSpec"); ok {
			pipeline := standalone(pipelineKind, spec)
			for _, err := range append(e.schemas.Check(pipeline), e.checkEmbedded(pipeline)...) {
				found = append(found, fmt.Errorf("pipelineSpec as Pipeline: %w", err))
			}
		}
	case pipelineKind:
		spec, _ := mapAt(object.Object, "spec")
		for _, list := range []string{"tasks", "finally"} {
			tasks, _ := spec[list].([]any)
			for position, task := range tasks {
				found = append(found, e.checkTaskSpec(task, fmt.Sprintf("%s[%d].taskSpec as Task", list, position))...)
			}
		}
	}
	return found
}

func (e *engine) checkTaskSpec(task any, path string) []error {
	embedded, ok := mapAt(task, "taskSpec")
	if !ok {
		return nil
	}
	// Only an embedded task has metadata in its spec; parse has checked it.
	spec := map[string]any{}
	for name, value := range embedded {
		if name != "metadata" {
			spec[name] = value
		}
	}
	var found []error
	for _, err := range e.schemas.Check(standalone(taskKind, spec)) {
		found = append(found, fmt.Errorf("%s: %w", path, err))
	}
	return found
}

func mapAt(value any, path ...string) (map[string]any, bool) {
	current, ok := value.(map[string]any)
	for _, name := range path {
		if !ok {
			return nil, false
		}
		current, ok = current[name].(map[string]any)
	}
	return current, ok
}

func standalone(kind string, spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "tekton.dev/v1",
		"kind":       kind,
		"metadata":   map[string]any{"name": "embedded"},
		"spec":       spec,
	}}
}

// validateObject runs Tekton's defaulting and validation with the flags of a
// fresh installation and with those of a cluster that allows stable fields only.
func validateObject(object resource) []error {
	var found []error
	for _, fields := range []string{config.DefaultEnableAPIFields, config.StableAPIFields} {
		ctx, err := newContext(map[string]string{"enable-api-fields": fields})
		if err != nil {
			return []error{err}
		}
		candidate := object.DeepCopyObject().(resource)
		// The API server fills in a generated name before it asks the webhook.
		candidate.SetName(kube.GeneratedName(candidate))
		// Validation compares timeouts that only defaulting fills in.
		candidate.SetDefaults(ctx)
		for _, problem := range candidate.Validate(ctx).Filter(apis.ErrorLevel).WrappedErrors() {
			found = append(found, problem)
		}
		if run, ok := candidate.(*v1.PipelineRun); ok {
			found = append(found, checkTimeouts(run)...)
		}
	}
	return found
}

func newContext(flags map[string]string) (context.Context, error) {
	features, err := config.NewFeatureFlagsFromMap(flags)
	if err != nil {
		return nil, err
	}
	settings := config.FromContextOrDefaults(context.Background())
	settings.FeatureFlags = features
	return apis.WithinCreate(config.ToContext(context.Background(), settings)), nil
}

// checkTimeouts returns the tasks that may take longer than the run. Tekton
// does not notice, and the run's timeout, one hour unless given, wins.
func checkTimeouts(run *v1.PipelineRun) []error {
	limit := run.PipelineTimeout(context.Background())
	if limit == config.NoTimeoutDuration || run.Spec.PipelineSpec == nil {
		return nil
	}
	var found []error
	for _, task := range run.Spec.PipelineSpec.Tasks {
		if task.Timeout != nil && task.Timeout.Duration > limit {
			found = append(found, fmt.Errorf("spec.pipelineSpec.tasks[%s].timeout: %s is more than the run's %s", task.Name, task.Timeout.Duration, limit))
		}
	}
	return found
}

// checkPods covers what only shows when Tekton creates a pod: the pods are made
// by Tekton's own code.
func checkPods(objects resources) []error {
	tasks, err := startTasks(objects)
	if errors.Is(err, errNotCovered) {
		// Tekton has accepted the objects; only the pods stay unchecked.
		return nil
	}
	if err != nil {
		return []error{err}
	}
	var found []error
	for _, task := range tasks {
		path := fmt.Sprintf("tasks[%s]", task.name)
		found = append(found, kube.CheckLabels(task.pod.Labels, tag, path+".labels")...)
		found = append(found, kube.CheckPodSpec(&task.pod.Spec, path)...)
	}
	return found
}
