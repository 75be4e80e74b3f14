package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/util/logging"
	"github.com/argoproj/argo-workflows/v4/util/strftime"
	argotemplate "github.com/argoproj/argo-workflows/v4/util/template"
	"github.com/argoproj/argo-workflows/v4/workflow/common"
	"github.com/argoproj/argo-workflows/v4/workflow/templateresolution"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"sqlflowc/tests/engines/kube"
)

// tag is how a reference to one of Argo's variables begins.
const tag = "{{"

// created is the creation time that runs are given; a fixed one, so that the
// same manifest gives the same text.
var created = time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)

// Substitute runs the objects in thought: every pass of substitution that the
// controller makes on the way from a Workflow to its pods, then the kubelet's.
//
// The passes themselves are Argo's: template.Replace, template.ReplaceStrict,
// common.ProcessArgs, common.SubstituteParams and template resolution. Their
// order is that of workflow/controller (setExecWorkflow, executeTemplate,
// resolveDependencyReferences, createWorkflowPod), whose functions are methods
// of an unexported type bound to an API server and so are followed here.
// What the compiler does not write (items, hooks, exit handlers, steps
// templates, pod patches) is an error rather than passed over.
func (e *engine) Substitute(documents []kube.Document) ([]kube.Step, error) {
	ctx := newContext()
	var objects []metav1.Object
	for _, document := range documents {
		object, err := parse(ctx, document)
		if err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	templates := templatesAmong(objects)
	var steps []kube.Step
	for _, object := range objects {
		workflow, err := workflowOf(ctx, object, templates)
		if err != nil {
			return nil, err
		}
		run, err := newRun(ctx, workflow, templates)
		if err != nil {
			return nil, err
		}
		if err := run.all(ctx); err != nil {
			return nil, err
		}
		steps = append(steps, run.steps...)
	}
	return steps, nil
}

// workflowOf returns the Workflow that runs the object, with the metadata that
// the API server adds.
func workflowOf(ctx context.Context, object metav1.Object, templates templates) (*wfv1.Workflow, error) {
	var workflow *wfv1.Workflow
	switch object := object.(type) {
	case *wfv1.Workflow:
		workflow = object.DeepCopy()
		workflow.Name = kube.GeneratedName(object)
	case *wfv1.WorkflowTemplate:
		workflow = common.NewWorkflowFromWorkflowTemplate(object.Name, false)
		workflow.Name = kube.GeneratedName(workflow)
		workflow.Namespace = object.Namespace
	case *wfv1.CronWorkflow:
		workflow = common.ConvertCronWorkflowToWorkflowWithProperties(ctx, object, object.Name+"-1767323045", created)
		workflow.Namespace = object.Namespace
	default:
		return nil, fmt.Errorf("%T cannot be run", object)
	}
	if workflow.Namespace == "" {
		workflow.Namespace = metav1.NamespaceDefault
	}
	workflow.UID = "6f1f4d4e-8d0e-4b52-9c64-0d6f3f1f6c5a"
	workflow.CreationTimestamp = metav1.NewTime(created)
	return workflow, resolveReference(ctx, workflow, templates)
}

// resolveReference merges the WorkflowTemplate that a Workflow runs into its
// spec; what the Workflow says itself wins.
func resolveReference(ctx context.Context, workflow *wfv1.Workflow, templates templates) error {
	reference := workflow.Spec.WorkflowTemplateRef
	if reference == nil {
		return nil
	}
	template, err := templates.Get(ctx, reference.Name)
	if err != nil {
		return err
	}
	merged, err := mergeInto(template.Spec, workflow.Spec)
	if err != nil {
		return err
	}
	workflow.Spec = merged
	return nil
}

// mergeInto merges as Kubernetes does: lists of named things by name, and the
// second wins.
func mergeInto[T any](base, over T) (T, error) {
	var merged T
	baseJSON, err := json.Marshal(base)
	if err != nil {
		return merged, err
	}
	overJSON, err := json.Marshal(over)
	if err != nil {
		return merged, err
	}
	mergedJSON, err := strategicpatch.StrategicMergePatch(baseJSON, overJSON, merged)
	if err != nil {
		return merged, err
	}
	return merged, json.Unmarshal(mergedJSON, &merged)
}

// mergeDefaults puts templateDefaults under a template. The defaults of another
// type of template are dropped first, as the controller does.
func mergeDefaults(defaults, template *wfv1.Template) error {
	if defaults == nil {
		return nil
	}
	applicable := defaults.DeepCopy()
	fields := reflect.ValueOf(applicable).Elem()
	for position := range fields.NumField() {
		kind := wfv1.TemplateType(fields.Type().Field(position).Name)
		if kind.IsValid() && kind != template.GetType() {
			fields.Field(position).SetZero()
		}
	}
	merged, err := mergeInto(*applicable, *template)
	if err != nil {
		return err
	}
	*template = merged
	return nil
}

// run is one execution of a Workflow.
type run struct {
	workflow *wfv1.Workflow
	globals  common.Parameters
	steps    []kube.Step
	resolver *templateresolution.TemplateContext
}

func newRun(ctx context.Context, workflow *wfv1.Workflow, templates templates) (*run, error) {
	if workflow.Spec.OnExit != "" || len(workflow.Spec.Hooks) > 0 || workflow.Spec.PodSpecPatch != "" {
		return nil, errors.New("spec.onExit, spec.hooks and spec.podSpecPatch are not covered")
	}
	globals, err := globalParameters(workflow)
	if err != nil {
		return nil, err
	}
	spec := workflow.Spec.DeepCopy()
	spec.Templates = nil
	if err := replaceIn(spec, func(text string) (string, error) {
		return argotemplate.Replace(ctx, text, globals, true)
	}); err != nil {
		return nil, err
	}
	spec.Templates = workflow.Spec.Templates
	workflow.Spec = *spec
	globals[common.GlobalVarWorkflowStatus] = string(wfv1.WorkflowRunning)
	globals[common.GlobalVarWorkflowDuration] = "0.000000"
	resolver := templateresolution.NewContext(templates, noClusterTemplates, workflow, workflow, logging.RequireLoggerFromContext(ctx))
	return &run{workflow: workflow, globals: globals, resolver: resolver}, nil
}

// replaceIn passes a value through a substitution of its JSON text.
func replaceIn[T any](value *T, replace func(string) (string, error)) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	replaced, err := replace(string(text))
	if err != nil {
		return err
	}
	var result T
	if err := json.Unmarshal([]byte(replaced), &result); err != nil {
		return err
	}
	*value = result
	return nil
}

// globalParameters returns the variables that the controller's
// setGlobalParameters makes known everywhere in a Workflow.
func globalParameters(workflow *wfv1.Workflow) (common.Parameters, error) {
	globals := common.Parameters{
		common.GlobalVarWorkflowName:                           workflow.Name,
		common.GlobalVarWorkflowNamespace:                      workflow.Namespace,
		common.GlobalVarWorkflowMainEntrypoint:                 workflow.Spec.Entrypoint,
		common.GlobalVarWorkflowServiceAccountName:             workflow.Spec.ServiceAccountName,
		common.GlobalVarWorkflowUID:                            string(workflow.UID),
		common.GlobalVarWorkflowCreationTimestamp:              created.Format(time.RFC3339),
		common.GlobalVarWorkflowCreationTimestamp + ".RFC3339": created.Format(time.RFC3339),
	}
	for letter := range strftime.FormatChars {
		globals[common.GlobalVarWorkflowCreationTimestamp+"."+string(letter)] = strftime.Format("%"+string(letter), created)
	}
	globals[common.GlobalVarWorkflowCreationTimestamp+".s"] = strconv.FormatInt(created.Unix(), 10)
	if workflow.Spec.Priority != nil {
		globals[common.GlobalVarWorkflowPriority] = strconv.Itoa(int(*workflow.Spec.Priority))
	}
	if scheduled, ok := workflow.Annotations[common.AnnotationKeyCronWfScheduledTime]; ok {
		globals[common.GlobalVarWorkflowCronScheduleTime] = scheduled
	}
	for _, parameter := range workflow.Spec.Arguments.Parameters {
		if parameter.Value == nil {
			return nil, fmt.Errorf("parameter %s has no value", parameter.Name)
		}
		globals["workflow.parameters."+parameter.Name] = parameter.Value.String()
	}
	maps.Copy(globals, prefixed("workflow.labels.", workflow.Labels))
	maps.Copy(globals, prefixed("workflow.annotations.", workflow.Annotations))
	if metadata := workflow.Spec.WorkflowMetadata; metadata != nil {
		maps.Copy(globals, prefixed("workflow.labels.", metadata.Labels))
		maps.Copy(globals, prefixed("workflow.annotations.", metadata.Annotations))
	}
	return globals, addListings(globals, workflow)
}

func prefixed(prefix string, values map[string]string) common.Parameters {
	named := common.Parameters{}
	for name, value := range values {
		named[prefix+name] = value
	}
	return named
}

// addListings adds the variables that hold all parameters, labels or
// annotations as one JSON text.
func addListings(globals common.Parameters, workflow *wfv1.Workflow) error {
	for name, value := range map[string]any{
		common.GlobalVarWorkflowParameters:  workflow.Spec.Arguments.Parameters,
		common.GlobalVarWorkflowLabels:      workflow.Labels,
		common.GlobalVarWorkflowAnnotations: workflow.Annotations,
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		globals[name] = string(text)
		globals[name+".json"] = string(text)
	}
	return nil
}

// all executes the entrypoint and everything under it.
func (r *run) all(ctx context.Context) error {
	entrypoint := &wfv1.WorkflowStep{Name: r.workflow.Spec.Entrypoint, Template: r.workflow.Spec.Entrypoint}
	return r.execute(ctx, r.workflow.Name, entrypoint, r.resolver, r.workflow.Spec.Arguments)
}

// execute follows the controller's executeTemplate.
func (r *run) execute(ctx context.Context, node string, holder wfv1.TemplateReferenceHolder, resolver *templateresolution.TemplateContext, arguments wfv1.Arguments) error {
	inner, template, _, err := resolver.ResolveTemplate(ctx, holder)
	if err != nil {
		return fmt.Errorf("%s: %w", node, err)
	}
	if err := mergeDefaults(r.workflow.Spec.TemplateDefaults, template); err != nil {
		return fmt.Errorf("%s: %w", node, err)
	}
	retried := template.RetryStrategy != nil || r.workflow.Spec.RetryStrategy != nil
	locals := common.Parameters{"node.name": node}
	if holder.IsDAGTask() {
		locals["tasks.name"] = holder.GetName()
	} else {
		locals["steps.name"] = holder.GetName()
	}
	if !retried && template.IsPodType() {
		locals[common.LocalVarPodName] = r.podName(node, template)
	}
	processed, err := common.ProcessArgs(ctx, template, &arguments, r.globals, locals, false, r.workflow.Namespace, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", node, err)
	}
	if retried {
		node += "(0)"
		if processed, err = r.firstAttempt(ctx, node, processed); err != nil {
			return fmt.Errorf("%s: %w", node, err)
		}
	}
	if processed.DAG != nil {
		return r.executeTasks(ctx, node, processed.DAG, inner)
	}
	step, err := r.start(ctx, node, holder.GetName(), processed)
	if err != nil {
		return fmt.Errorf("%s: %w", node, err)
	}
	r.steps = append(r.steps, *step)
	return nil
}

// firstAttempt substitutes what is known once a template with a retryStrategy
// gets a node of its own; it passes over the whole template again.
func (r *run) firstAttempt(ctx context.Context, node string, template *wfv1.Template) (*wfv1.Template, error) {
	locals := common.Parameters{
		common.LocalVarRetries:             "0",
		common.LocalVarRetriesLastExitCode: "0",
		common.LocalVarRetriesLastDuration: "0",
		common.LocalVarRetriesLastStatus:   "",
		common.LocalVarRetriesLastMessage:  "",
	}
	if template.IsPodType() {
		locals[common.LocalVarPodName] = r.podName(node, template)
	}
	return common.SubstituteParams(ctx, template, r.globals, locals)
}

// podName has the form of the controller's GeneratePodName.
func (r *run) podName(node string, template *wfv1.Template) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(node)) // cannot fail
	return fmt.Sprintf("%s-%s-%d", r.workflow.Name, template.Name, hash.Sum32())
}

func (r *run) executeTasks(ctx context.Context, node string, dag *wfv1.DAGTemplate, resolver *templateresolution.TemplateContext) error {
	for _, task := range dag.Tasks {
		if task.ShouldExpand() || len(task.Hooks) > 0 || task.OnExit != "" {
			return fmt.Errorf("%s.%s: items, hooks and exit handlers are not covered", node, task.Name)
		}
		if err := replaceIn(&task, func(text string) (string, error) {
			return argotemplate.ReplaceStrict(ctx, text, r.globals, []string{"tasks", "steps"})
		}); err != nil {
			return fmt.Errorf("%s.%s: %w", node, task.Name, err)
		}
		if err := r.execute(ctx, node+"."+task.Name, &task, resolver, task.Arguments); err != nil {
			return err
		}
	}
	return nil
}

// start makes the pod as the controller's createWorkflowPod does, as far as
// text of the manifest is concerned, and starts its containers as the kubelet
// does. Argo's executor in front of the command is left out.
func (r *run) start(ctx context.Context, node, name string, template *wfv1.Template) (*kube.Step, error) {
	pod, err := r.pod(node, template)
	if err != nil {
		return nil, err
	}
	variables := r.globals.DeepCopy()
	variables[common.LocalVarPodName] = pod.Name
	for _, parameter := range template.Inputs.Parameters {
		variables["inputs.parameters."+parameter.Name] = parameter.GetValue()
	}
	if err := replaceIn(pod, func(text string) (string, error) {
		return argotemplate.Replace(ctx, text, variables, true)
	}); err != nil {
		return nil, err
	}
	step := &kube.Step{Name: name}
	for _, container := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
		started, err := startContainer(&container)
		if err != nil {
			return nil, err
		}
		switch container.Name {
		case common.MainContainerName:
			step.Process = kube.NewProcess(container.Name, started)
		case common.InitContainerName:
			if step.Script, err = scriptOf(started); err != nil {
				return nil, err
			}
		default:
			step.Others = append(step.Others, kube.NewProcess(container.Name, started))
		}
	}
	return step, nil
}

// pod holds the template's containers and Argo's own init container, which
// brings a script to the main container in an environment variable.
func (r *run) pod(node string, template *wfv1.Template) (*corev1.Pod, error) {
	main := mainContainer(template)
	if main == nil || template.PodSpecPatch != "" {
		return nil, fmt.Errorf("template %s: only container and script templates without podSpecPatch are covered", template.Name)
	}
	if template.Script != nil {
		main.Args = append(main.Args, common.ExecutorScriptSourcePath)
	}
	carried := template.DeepCopy()
	carried.Inputs = wfv1.Inputs{Artifacts: carried.Inputs.Artifacts}
	text, err := json.Marshal(carried)
	if err != nil {
		return nil, err
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name:        r.podName(node, template),
		Namespace:   r.workflow.Namespace,
		Labels:      template.Metadata.Labels,
		Annotations: template.Metadata.Annotations,
	}}
	pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{
		Name: common.InitContainerName,
		Env:  []corev1.EnvVar{{Name: common.EnvVarTemplate, Value: string(text)}},
	})
	for _, container := range template.InitContainers {
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, container.Container)
	}
	pod.Spec.Containers = append(pod.Spec.Containers, *main)
	for _, container := range template.Sidecars {
		pod.Spec.Containers = append(pod.Spec.Containers, container.Container)
	}
	return pod, nil
}

// mainContainer returns a copy of the container that runs a container or script
// template, nil for other templates.
func mainContainer(template *wfv1.Template) *corev1.Container {
	var main *corev1.Container
	switch {
	case template.Container != nil:
		main = template.Container.DeepCopy()
	case template.Script != nil:
		main = template.Script.Container.DeepCopy()
	default:
		return nil
	}
	main.Name = common.MainContainerName
	return main
}

// startContainer lets the kubelet start a container. Arguments and a template
// above 128 KiB travel in a ConfigMap instead, out of the kubelet's sight.
func startContainer(container *corev1.Container) (*kube.Started, error) {
	offloaded := container.DeepCopy()
	arguments, err := json.Marshal(container.Args)
	if err != nil {
		return nil, err
	}
	large := len(arguments) > common.MaxEnvVarLen
	if large {
		offloaded.Args = nil
	}
	var template *string
	for position, variable := range offloaded.Env {
		if variable.Name == common.EnvVarTemplate && len(variable.Value) > common.MaxEnvVarLen {
			template = &variable.Value
			offloaded.Env[position].Value = common.EnvVarTemplateOffloaded
		}
	}
	started, err := kube.Start(offloaded)
	if err != nil {
		return nil, err
	}
	if large {
		started.Args = container.Args
	}
	if template != nil {
		started.Env[common.EnvVarTemplate] = *template
	}
	return started, nil
}

// scriptOf returns the script that Argo's init container writes to disk.
func scriptOf(started *kube.Started) (*string, error) {
	var template wfv1.Template
	if err := json.Unmarshal([]byte(started.Env[common.EnvVarTemplate]), &template); err != nil {
		return nil, fmt.Errorf("the kubelet's expansion broke %s: %w", common.EnvVarTemplate, err)
	}
	if template.Script == nil {
		return nil, nil
	}
	return &template.Script.Source, nil
}
