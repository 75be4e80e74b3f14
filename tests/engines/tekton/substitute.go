package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline"
	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	tektonpod "github.com/tektoncd/pipeline/pkg/pod"
	pipelineresources "github.com/tektoncd/pipeline/pkg/reconciler/pipelinerun/resources"
	taskresources "github.com/tektoncd/pipeline/pkg/reconciler/taskrun/resources"
	"github.com/tektoncd/pipeline/pkg/workspace"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"

	"sqlflowc/tests/engines/kube"
)

// errNotCovered is what the compiler does not write: workspaces, results,
// matrices, finally, custom tasks. It is an error rather than passed over.
var errNotCovered = errors.New("is not covered")

// created is the creation time that runs are given; a fixed one, so that the
// same manifest gives the same text.
var created = metav1.NewTime(time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC))

// Substitute runs the objects in thought: Tekton's substitution over the
// pipeline and over each task, Tekton's making of the pod, and then the
// kubelet's expansion.
func (e *engine) Substitute(documents []kube.Document) ([]kube.Step, error) {
	var objects resources
	for _, document := range documents {
		object, problems := parse(document)
		if len(problems) > 0 {
			return nil, errors.Join(problems...)
		}
		objects = append(objects, object)
	}
	tasks, err := startTasks(objects)
	if err != nil {
		return nil, err
	}
	var steps []kube.Step
	for _, task := range tasks {
		started, err := task.start()
		if err != nil {
			return nil, fmt.Errorf("task %s: %w", task.name, err)
		}
		steps = append(steps, started...)
	}
	return steps, nil
}

// startedTask is a pipeline task with its pod.
type startedTask struct {
	name  string
	steps []v1.Step
	pod   *corev1.Pod
}

// startTasks makes the pods of every run among the objects. The order of
// Tekton's functions is that of its reconcilers for PipelineRun and TaskRun,
// whose methods are bound to an API server and so are followed here.
func startTasks(objects resources) ([]startedTask, error) {
	// Credentials are looked up at the API server and add no text of the manifest.
	ctx, err := newContext(map[string]string{"disable-creds-init": "true"})
	if err != nil {
		return nil, err
	}
	var started []startedTask
	for _, run := range objects.runs() {
		run.SetDefaults(ctx)
		spec, err := objects.pipelineOf(ctx, run)
		if err != nil {
			return nil, err
		}
		for position := range spec.Tasks {
			task, err := startTask(ctx, run, &spec.Tasks[position], objects)
			if err != nil {
				return nil, fmt.Errorf("task %s: %w", spec.Tasks[position].Name, err)
			}
			started = append(started, *task)
		}
	}
	return started, nil
}

// runs returns the PipelineRuns, or when there are none, a bare one for each
// Pipeline, with the metadata that the API server adds.
func (r resources) runs() []*v1.PipelineRun {
	var runs, bare []*v1.PipelineRun
	for _, object := range r {
		switch object := object.(type) {
		case *v1.PipelineRun:
			runs = append(runs, object.DeepCopy())
		case *v1.Pipeline:
			run := &v1.PipelineRun{ObjectMeta: metav1.ObjectMeta{GenerateName: object.Name + "-"}}
			run.Spec.PipelineRef = &v1.PipelineRef{Name: object.Name}
			bare = append(bare, run)
		}
	}
	if len(runs) == 0 {
		runs = bare
	}
	for _, run := range runs {
		run.Name = kube.GeneratedName(run)
		if run.Namespace == "" {
			run.Namespace = metav1.NamespaceDefault
		}
		run.UID = "6f1f4d4e-8d0e-4b52-9c64-0d6f3f1f6c5a"
		run.CreationTimestamp = created
	}
	return runs
}

// pipelineOf returns the run's pipeline after substitution at pipeline level.
func (r resources) pipelineOf(ctx context.Context, run *v1.PipelineRun) (*v1.PipelineSpec, error) {
	name := run.Name
	spec := run.Spec.PipelineSpec
	if spec == nil {
		pipeline, err := find[*v1.Pipeline](r, run.Spec.PipelineRef.Name)
		if err != nil {
			return nil, fmt.Errorf("pipeline %w", err)
		}
		pipeline = pipeline.DeepCopy()
		pipeline.SetDefaults(ctx)
		name, spec = pipeline.Name, &pipeline.Spec
	}
	if len(spec.Finally) > 0 || len(spec.Workspaces) > 0 || len(run.Spec.Workspaces) > 0 {
		return nil, fmt.Errorf("a pipeline with finally or workspaces %w", errNotCovered)
	}
	pipelineresources.ApplyParametersToWorkspaceBindings(run)
	spec, err := pipelineresources.ApplyParameters(spec, run)
	if err != nil {
		return nil, err
	}
	spec = pipelineresources.ApplyContexts(spec, name, run)
	spec = pipelineresources.ApplyWorkspaces(spec, run)
	run.Status.PipelineSpec = spec
	return spec, nil
}

func find[T resource](objects resources, name string) (T, error) {
	for _, object := range objects {
		if found, ok := object.(T); ok && found.GetName() == name {
			return found, nil
		}
	}
	var none T
	return none, fmt.Errorf("%q is not in the same file", name)
}

func startTask(ctx context.Context, run *v1.PipelineRun, task *v1.PipelineTask, objects resources) (*startedTask, error) {
	if len(v1.PipelineTaskResultRefs(task)) > 0 || len(task.Workspaces) > 0 || task.IsMatrixed() {
		return nil, fmt.Errorf("a task with results of others, workspaces or a matrix %w", errNotCovered)
	}
	taskRun, taskName, spec, err := objects.taskRunOf(ctx, run, task)
	if err != nil {
		return nil, err
	}
	spec, err = substituteTask(ctx, taskRun, taskName, spec)
	if err != nil {
		return nil, err
	}
	steps, err := v1.MergeStepsWithStepTemplate(spec.StepTemplate, spec.Steps)
	if err != nil {
		return nil, err
	}
	for _, step := range steps {
		// Tekton would ask the registry, which kube.CheckPodSpec also refuses;
		// the builder below has none to ask.
		if len(step.Command) == 0 && step.Script == "" {
			return nil, fmt.Errorf("step %s: command is missing, Tekton would have to ask the registry for the image's own", step.Name)
		}
	}
	// Without credentials and without images to look up, the builder needs no
	// client and no cache of images.
	builder := tektonpod.Builder{Images: pipeline.Images{
		EntrypointImage:        "tekton/entrypoint",
		SidecarLogResultsImage: "tekton/sidecarlogresults",
		NopImage:               "tekton/nop",
		ShellImage:             "tekton/shell",
		ShellImageWin:          "tekton/shell-win",
		WorkingDirInitImage:    "tekton/workingdirinit",
	}}
	pod, err := builder.Build(ctx, taskRun, *spec)
	if err != nil {
		return nil, err
	}
	return &startedTask{name: task.Name, steps: steps, pod: pod}, nil
}

// taskRunOf returns the TaskRun that the run creates for a task, and the name
// and spec of the task.
func (r resources) taskRunOf(ctx context.Context, run *v1.PipelineRun, task *v1.PipelineTask) (*v1.TaskRun, string, *v1.TaskSpec, error) {
	task = pipelineresources.ApplyPipelineTaskContexts(task, run.Status, &pipelineresources.PipelineRunFacts{})
	template := run.GetTaskRunSpec(task.Name)
	taskRun := &v1.TaskRun{
		ObjectMeta: metav1.ObjectMeta{
			Name:              pipelineresources.GetTaskRunName(nil, task.Name, run.Name),
			Namespace:         run.Namespace,
			UID:               "0b0f0a3c-3f0e-4c56-8f64-1d1c1b1a1918",
			CreationTimestamp: created,
			Labels:            maps.Clone(run.Labels),
			Annotations:       maps.Clone(run.Annotations),
		},
		Spec: v1.TaskRunSpec{
			Retries:            task.Retries,
			Params:             task.Params,
			ServiceAccountName: template.ServiceAccountName,
			PodTemplate:        template.PodTemplate,
			StepSpecs:          template.StepSpecs,
			SidecarSpecs:       template.SidecarSpecs,
			ComputeResources:   template.ComputeResources,
			Timeout:            task.Timeout,
			TaskRef:            task.TaskRef,
		},
	}
	var spec *v1.TaskSpec
	name := taskRun.Name
	switch {
	case task.TaskSpec != nil && task.TaskSpec.APIVersion == "":
		spec = task.TaskSpec.TaskSpec.DeepCopy()
		taskRun.Spec.TaskSpec = spec
		taskRun.Labels = withMetadata(task.TaskSpec.Metadata.Labels, taskRun.Labels)
		taskRun.Annotations = withMetadata(task.TaskSpec.Metadata.Annotations, taskRun.Annotations)
	case task.TaskRef != nil && task.TaskRef.Name != "":
		found, err := find[*v1.Task](r, task.TaskRef.Name)
		if err != nil {
			return nil, "", nil, fmt.Errorf("task %w", err)
		}
		spec, name = found.Spec.DeepCopy(), found.Name
	default:
		return nil, "", nil, fmt.Errorf("a custom task or a resolver %w", errNotCovered)
	}
	spec.SetDefaults(ctx)
	taskRun.SetDefaults(ctx)
	return taskRun, name, spec, nil
}

// withMetadata adds labels or annotations under those that are there already.
func withMetadata(under, over map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, under)
	maps.Copy(all, over)
	return all
}

// substituteTask substitutes at task level and checks the result, as the
// reconciler of TaskRuns does before it makes a pod.
func substituteTask(ctx context.Context, taskRun *v1.TaskRun, name string, spec *v1.TaskSpec) (*v1.TaskSpec, error) {
	declared := slices.Clone(spec.Params)
	taskresources.ApplyParametersToWorkspaceBindings(spec, taskRun)
	spec = taskresources.ApplyParameters(spec, taskRun, declared...)
	spec = taskresources.ApplyContexts(spec, name, taskRun)
	spec = taskresources.ApplyResults(spec)
	spec = taskresources.ApplyArtifacts(spec)
	spec = taskresources.ApplyStepExitCodePath(spec)
	spec = taskresources.ApplyWorkspaces(ctx, spec, spec.Workspaces, nil, nil)
	if err := v1.ValidateUsageOfDeclaredParameters(ctx, spec.Steps, spec.Params); err != nil {
		return nil, err
	}
	if err := spec.Validate(ctx).Filter(apis.ErrorLevel); err != nil {
		return nil, err
	}
	spec, err := workspace.Apply(ctx, *spec, nil, nil)
	if err != nil {
		return nil, err
	}
	spec = taskresources.ApplyCredentialsPath(spec, pipeline.CredsDir)
	if taskRun.Spec.PodTemplate != nil {
		taskRun.Spec.PodTemplate = taskresources.ApplyPodTemplateReplacements(taskRun.Spec.PodTemplate, taskRun, declared...)
	}
	return spec, nil
}

// start lets the kubelet start the pod's containers. Tekton's entrypoint in
// front of the command is taken off again.
func (t *startedTask) start() ([]kube.Step, error) {
	scripts, err := t.scripts()
	if err != nil {
		return nil, err
	}
	var steps []kube.Step
	var others []kube.Process
	for position, container := range t.pod.Spec.Containers {
		started, err := kube.Start(&container)
		if err != nil {
			return nil, err
		}
		if position >= len(t.steps) {
			others = append(others, kube.NewProcess(container.Name, started))
			continue
		}
		if err := takeOffEntrypoint(started, len(t.steps[position].Command)); err != nil {
			return nil, fmt.Errorf("container %s: %w", container.Name, err)
		}
		step := kube.Step{Name: t.name, Process: kube.NewProcess(container.Name, started)}
		if t.steps[position].Script != "" {
			script, ok := scripts[started.Command[0]]
			if !ok {
				return nil, fmt.Errorf("container %s: no script is placed at %s", container.Name, started.Command[0])
			}
			step.Script = &script
		}
		steps = append(steps, step)
	}
	steps[0].Others = others
	return steps, nil
}

// takeOffEntrypoint finds the command in `entrypoint … -entrypoint COMMAND -- ARGS`.
// Of the arguments, all but the first word of the command come first.
func takeOffEntrypoint(started *kube.Started, words int) error {
	end := slices.Index(started.Args, "--")
	if end < 2 || started.Args[end-2] != "-entrypoint" {
		return fmt.Errorf("is not started by Tekton's entrypoint: %q", started.Args)
	}
	rest := started.Args[end+1:]
	more := max(words-1, 0)
	started.Command = append([]string{started.Args[end-1]}, rest[:more]...)
	started.Args = rest[more:]
	return nil
}

// placedScript is how Tekton's init container is told of a script.
var placedScript = regexp.MustCompile(`scriptfile="([^"]+)"\n[^\n]+\ncat > \$\{scriptfile\} << '_EOF_'\n([^\n]*)\n_EOF_\n`)

// scripts returns what Tekton's init container writes to disk, by path.
func (t *startedTask) scripts() (map[string]string, error) {
	scripts := map[string]string{}
	for _, container := range t.pod.Spec.InitContainers {
		if container.Name != tektonpod.ContainerNamePlaceScripts {
			continue
		}
		started, err := kube.Start(&container)
		if err != nil {
			return nil, err
		}
		for _, found := range placedScript.FindAllStringSubmatch(strings.Join(started.Args, "\n"), -1) {
			text, err := base64.StdEncoding.DecodeString(found[2])
			if err != nil {
				return nil, fmt.Errorf("script %s: %w", found[1], err)
			}
			scripts[found[1]] = string(text)
		}
	}
	return scripts, nil
}
