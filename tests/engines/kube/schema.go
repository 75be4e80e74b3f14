package kube

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// Schemas finds the custom resource definition of an object and checks the
// object against it. Definitions are read and compiled at first use, since one
// of Argo's takes a second.
type Schemas struct {
	folder string
	files  map[string]string
	loaded map[schema.GroupVersionKind]*resourceSchema
}

// NewSchemas takes the folder that holds the definitions and the file name of
// the definition of each kind.
func NewSchemas(folder string, files map[string]string) *Schemas {
	return &Schemas{folder: folder, files: files, loaded: map[schema.GroupVersionKind]*resourceSchema{}}
}

// Check returns what the API server would find wrong with a new object under
// `kubectl create --validate=strict`: unknown fields, types, patterns, counts,
// list keys, embedded metadata and the definition's CEL rules.
func (s *Schemas) Check(object *unstructured.Unstructured) []error {
	resource, err := s.find(object.GroupVersionKind())
	if err != nil {
		return []error{err}
	}
	return resource.check(object.DeepCopy())
}

func (s *Schemas) find(kind schema.GroupVersionKind) (*resourceSchema, error) {
	if resource, ok := s.loaded[kind]; ok {
		return resource, nil
	}
	file, ok := s.files[kind.Kind]
	if !ok {
		return nil, fmt.Errorf("kind %s: no custom resource definition is known", kind.Kind)
	}
	resource, err := loadSchema(filepath.Join(s.folder, file), kind)
	if err != nil {
		return nil, err
	}
	s.loaded[kind] = resource
	return resource, nil
}

type resourceSchema struct {
	structural *structuralschema.Structural
	openAPI    validation.SchemaValidator
	rules      *cel.Validator
}

func loadSchema(path string, kind schema.GroupVersionKind) (*resourceSchema, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(data, &definition); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if definition.Spec.Group != kind.Group || definition.Spec.Names.Kind != kind.Kind {
		return nil, fmt.Errorf("apiVersion: %s is not the group of kind %s, it is %s", kind.Group, kind.Kind, definition.Spec.Group)
	}
	for _, version := range definition.Spec.Versions {
		if version.Name == kind.Version && version.Served {
			return compileSchema(path, version)
		}
	}
	return nil, fmt.Errorf("apiVersion: %s is not a served version of kind %s", kind.Version, kind.Kind)
}

func compileSchema(path string, version apiextensionsv1.CustomResourceDefinitionVersion) (*resourceSchema, error) {
	var internal apiextensions.CustomResourceValidation
	err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(version.Schema, &internal, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	structural, err := structuralschema.NewStructural(internal.OpenAPIV3Schema)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	openAPI, _, err := validation.NewSchemaValidator(internal.OpenAPIV3Schema)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	rules := cel.NewValidator(structural, true, celconfig.PerCallLimit)
	return &resourceSchema{structural: structural, openAPI: openAPI, rules: rules}, nil
}

// check follows the order in which the API server creates a custom resource:
// unknown fields, embedded metadata, defaults, validation. It changes the object.
func (r *resourceSchema) check(object *unstructured.Unstructured) []error {
	content := object.UnstructuredContent()
	unknown := pruning.PruneWithOptions(content, r.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	var found []error
	for _, path := range unknown {
		found = append(found, fmt.Errorf("unknown field %q", path))
	}

	// Metadata of the object itself is checked by CheckMetadata, with its name.
	malformed, unknown := objectmeta.CoerceWithOptions(nil, content, r.structural, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if malformed != nil {
		return append(found, malformed)
	}
	for _, path := range unknown {
		found = append(found, fmt.Errorf("unknown field %q", path))
	}

	defaulting.PruneNonNullableNullsWithoutDefaults(content, r.structural)
	defaulting.Default(content, r.structural)

	var invalid field.ErrorList
	invalid = append(invalid, validation.ValidateCustomResource(nil, content, r.openAPI)...)
	invalid = append(invalid, objectmeta.Validate(nil, content, r.structural, false)...)
	invalid = append(invalid, listtype.ValidateListSetsAndMaps(nil, r.structural, content)...)
	// CEL rules presume the types that the schema promises, and a rule over a
	// list of unlimited length costs too much; the API server skips them too.
	if r.rules != nil && len(invalid) == 0 {
		broken, _ := r.rules.Validate(context.Background(), nil, r.structural, content, nil, celconfig.RuntimeCELCostBudget)
		invalid = append(invalid, broken...)
	}
	for _, one := range invalid {
		found = append(found, errors.New(one.Error()))
	}
	return found
}
