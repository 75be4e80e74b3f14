package kube

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// CheckMetadata returns what the API server would refuse in an object's
// metadata: a name that is not a DNS-1123 subdomain, label values, the size of
// the annotations. Both engines leave this to the API server.
func CheckMetadata(meta metav1.Object) []error {
	path := field.NewPath("metadata")
	if meta.GetName() != "" {
		return toErrors(validation.ValidateObjectMetaAccessor(meta, meta.GetNamespace() != "", validation.NameIsDNSSubdomain, path))
	}
	if meta.GetGenerateName() == "" {
		return []error{field.Required(path.Child("name"), "name or generateName is required")}
	}
	return toErrors(validation.ValidateObjectMetaAccessor(named{meta}, meta.GetNamespace() != "", validation.NameIsDNSSubdomain, path))
}

// named gives an object that has only a generateName a name, as the API server
// does before it validates.
type named struct{ metav1.Object }

func (n named) GetName() string {
	return GeneratedName(n.Object)
}

// GeneratedName returns the object's name, or one of the form that the API
// server makes from generateName.
func GeneratedName(meta metav1.Object) string {
	if meta.GetName() != "" {
		return meta.GetName()
	}
	// The API server cuts the base to 58 characters and adds 5.
	base := meta.GetGenerateName()
	return base[:min(len(base), 58)] + "x7k2m"
}

// CheckLabels returns what the API server would refuse in labels that end up on
// pods, whose creation fails long after the workflow was accepted.
//
// Values with a tag of the engine are only known at run time and are skipped.
func CheckLabels(labels map[string]string, tag string, path string) []error {
	plain := map[string]string{}
	for name, value := range labels {
		if !strings.Contains(value, tag) {
			plain[name] = value
		}
	}
	return toErrors(metav1validation.ValidateLabels(plain, field.NewPath(path)))
}

// CheckStepName returns an error when a name that becomes part of a pod's name
// is not a DNS-1123 label. The engines accept some such names, upper case for
// one, and the pod cannot be created.
func CheckStepName(name string, path string) []error {
	var found []error
	for _, message := range utilvalidation.IsDNS1123Label(name) {
		found = append(found, fmt.Errorf("%s: %q: %s", path, name, message))
	}
	return found
}

func toErrors(list field.ErrorList) []error {
	var found []error
	for _, one := range list {
		found = append(found, one)
	}
	return found
}
