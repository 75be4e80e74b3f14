// Command tekton-validate checks Tekton manifests with Tekton's own validation,
// with the API server's checks against Tekton's custom resource definitions,
// and with the rules of Kubernetes that both leave to the moment a pod is
// created.
package main

import (
	"os"

	"sqlflowc/tests/engines/kube"
)

// definitions is the folder config/300-crds of the Tekton module, set when the
// program is linked.
var definitions string

func main() {
	os.Exit(kube.Run("tekton-validate", definitions, newEngine, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
