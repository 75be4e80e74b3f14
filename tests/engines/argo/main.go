// Command argo-validate checks Argo manifests with Argo's own validation, with
// the API server's checks against Argo's custom resource definitions, and with
// the rules of Kubernetes that both leave to the moment a pod is created.
package main

import (
	"os"

	"sqlflowc/tests/engines/kube"
)

// definitions is the folder manifests/base/crds/full of the Argo module, set
// when the program is linked.
var definitions string

func main() {
	os.Exit(kube.Run("argo-validate", definitions, newEngine, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
