package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/argoproj/argo-workflows/v4/pkg/apis/workflow"
	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/util/logging"
	"github.com/argoproj/argo-workflows/v4/workflow/common"
	"github.com/argoproj/argo-workflows/v4/workflow/templateresolution"
	argovalidate "github.com/argoproj/argo-workflows/v4/workflow/validate"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"sqlflowc/tests/engines/kube"
)

// engine is Argo, as kube.Run uses it.
type engine struct {
	schemas *kube.Schemas
}

func newEngine(definitions string) kube.Engine {
	return &engine{schemas: kube.NewSchemas(definitions, map[string]string{
		workflow.WorkflowKind:         "argoproj.io_workflows.yaml",
		workflow.WorkflowTemplateKind: "argoproj.io_workflowtemplates.yaml",
		workflow.CronWorkflowKind:     "argoproj.io_cronworkflows.yaml",
	})}
}

// Validate checks each object alone, but finds the WorkflowTemplates it refers
// to among all of them.
func (e *engine) Validate(documents []kube.Document) []error {
	ctx := newContext()
	var objects []metav1.Object
	var found []error
	for _, document := range documents {
		object, err := parse(ctx, document)
		found = append(found, err)
		if err == nil || runtime.IsStrictDecodingError(err) {
			objects = append(objects, object)
		}
		if _, unknown := err.(unknownKindError); !unknown {
			found = append(found, e.schemas.Check(document.Object)...)
		}
	}
	templates := templatesAmong(objects)
	for _, object := range objects {
		found = append(found, kube.CheckMetadata(object)...)
		found = append(found, validateObject(ctx, object, templates)...)
	}
	return slices.DeleteFunc(found, func(err error) bool { return err == nil })
}

// newContext returns a context with the logger that Argo's code insists on.
func newContext() context.Context {
	return logging.WithLogger(context.Background(), logging.NewSlogLogger(logging.Error, logging.Text))
}

type unknownKindError string

func (kind unknownKindError) Error() string {
	return fmt.Sprintf("kind %s is none of Workflow, WorkflowTemplate, CronWorkflow", string(kind))
}

// parse decodes one object as `argo lint --strict` does. With unknown fields
// the object comes with a strict decoding error.
func parse(ctx context.Context, document kube.Document) (metav1.Object, error) {
	kind := document.Object.GetKind()
	switch kind {
	case workflow.WorkflowKind, workflow.WorkflowTemplateKind, workflow.CronWorkflowKind:
	default:
		return nil, unknownKindError(kind)
	}
	results := common.ParseObjects(ctx, document.JSON, true)
	if len(results) != 1 {
		return nil, fmt.Errorf("kind %s: Argo reads %d objects out of one", kind, len(results))
	}
	return results[0].Object, results[0].Err
}

// templates are the WorkflowTemplates of one file by name.
type templates map[string]*wfv1.WorkflowTemplate

// Get makes templates a templateresolution.WorkflowTemplateNamespacedGetter.
func (t templates) Get(_ context.Context, name string) (*wfv1.WorkflowTemplate, error) {
	template, ok := t[name]
	if !ok {
		return nil, fmt.Errorf("workflow template %q is not in the same file", name)
	}
	return template.DeepCopy(), nil
}

func templatesAmong(objects []metav1.Object) templates {
	found := templates{}
	for _, object := range objects {
		if template, ok := object.(*wfv1.WorkflowTemplate); ok {
			found[template.Name] = template
		}
	}
	return found
}

// noClusterTemplates refuses cluster-wide templates, as a controller without
// the permission to read them does.
var noClusterTemplates = &templateresolution.NullClusterWorkflowTemplateGetter{}

// validateObject runs Argo's validation as `argo lint`, as the controller and
// as `argo submit` do, since each is stricter about something.
func validateObject(ctx context.Context, object metav1.Object, templates templates) []error {
	var found []error
	switch object := object.(type) {
	case *wfv1.Workflow:
		for _, options := range []argovalidate.ValidateOpts{{Lint: true}, {}, {Submit: true}} {
			workflow := object.DeepCopy()
			workflow.Name = kube.GeneratedName(workflow)
			if err := argovalidate.ValidateWorkflow(ctx, templates, noClusterTemplates, workflow, nil, options); err != nil {
				found = append(found, err)
			}
		}
		found = append(found, checkSpec(&object.Spec)...)
	case *wfv1.WorkflowTemplate:
		for _, options := range []argovalidate.ValidateOpts{{Lint: true}, {}} {
			if err := argovalidate.ValidateWorkflowTemplate(ctx, templates, noClusterTemplates, object.DeepCopy(), nil, options); err != nil {
				found = append(found, err)
			}
		}
		found = append(found, checkSpec(&object.Spec)...)
	case *wfv1.CronWorkflow:
		if err := argovalidate.ValidateCronWorkflow(ctx, templates, noClusterTemplates, object.DeepCopy(), nil); err != nil {
			found = append(found, err)
		}
		found = append(found, checkSpec(&object.Spec.WorkflowSpec)...)
	}
	return found
}

// checkSpec covers what only shows when Argo creates a pod: the template's name
// becomes part of the pod's, labels and containers become the pod's.
func checkSpec(spec *wfv1.WorkflowSpec) []error {
	var found []error
	if spec.PodMetadata != nil {
		found = append(found, kube.CheckLabels(spec.PodMetadata.Labels, tag, "spec.podMetadata.labels")...)
	}
	for _, template := range spec.Templates {
		path := fmt.Sprintf("spec.templates[%s]", template.Name)
		found = append(found, kube.CheckStepName(template.Name, path+".name")...)
		found = append(found, kube.CheckLabels(template.Metadata.Labels, tag, path+".metadata.labels")...)
		if template.DAG != nil {
			for _, task := range template.DAG.Tasks {
				found = append(found, kube.CheckStepName(task.Name, path+".dag.tasks.name")...)
			}
		}
		found = append(found, checkPod(spec, &template, path)...)
	}
	return found
}

func checkPod(spec *wfv1.WorkflowSpec, template *wfv1.Template, path string) []error {
	merged := template.DeepCopy()
	if err := mergeDefaults(spec.TemplateDefaults, merged); err != nil {
		return []error{fmt.Errorf("%s: %w", path, err)}
	}
	main := mainContainer(merged)
	if main == nil {
		return nil
	}
	pod := corev1.PodSpec{Containers: []corev1.Container{*main}}
	for _, container := range merged.InitContainers {
		pod.InitContainers = append(pod.InitContainers, container.Container)
	}
	for _, container := range merged.Sidecars {
		pod.Containers = append(pod.Containers, container.Container)
	}
	pod.Volumes = append(pod.Volumes, spec.Volumes...)
	pod.Volumes = append(pod.Volumes, merged.Volumes...)
	for _, claim := range spec.VolumeClaimTemplates {
		pod.Volumes = append(pod.Volumes, corev1.Volume{Name: claim.Name})
	}
	return kube.CheckPodSpec(&pod, path)
}
