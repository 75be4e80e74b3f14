// Package kube holds what the Argo and the Tekton validators share: reading
// manifests, checking them against a custom resource definition with the API
// server's own code, Kubernetes rules that neither engine checks, and the
// kubelet's expansion of `$(NAME)`.
package kube

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// maxObjectBytes is etcd's default limit on one request. An object above it is
// refused with "etcdserver: request is too large", whatever its schema says.
const maxObjectBytes = 3 << 19

// Document is one object of a YAML stream.
type Document struct {
	// JSON is the object as the API server would receive it.
	JSON []byte
	// Object is the same, decoded without a schema.
	Object *unstructured.Unstructured
}

// ReadDocuments returns the objects of a YAML stream, in order.
//
// Documents that hold nothing but comments are skipped. Keys given twice, text
// that is not YAML, and objects without kind or apiVersion are errors, and so is
// a stream without any object.
func ReadDocuments(data []byte) ([]Document, error) {
	var documents []Document
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for number := 1; ; number++ {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		document, err := readDocument(text)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		if document != nil {
			documents = append(documents, *document)
		}
	}
	if len(documents) == 0 {
		return nil, errors.New("holds no object")
	}
	return documents, nil
}

// readDocument returns nil when the text holds nothing but comments.
func readDocument(text []byte) (*Document, error) {
	json, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, err
	}
	if string(json) == "null" {
		return nil, nil
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(json); err != nil {
		return nil, err
	}
	if object.GetAPIVersion() == "" {
		return nil, errors.New("apiVersion is missing")
	}
	if len(json) > maxObjectBytes {
		return nil, fmt.Errorf("object has %d bytes as JSON, etcd takes %d at most", len(json), maxObjectBytes)
	}
	return &Document{JSON: json, Object: object}, nil
}
