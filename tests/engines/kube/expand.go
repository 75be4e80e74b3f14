package kube

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
)

// Started is a container as the container runtime starts it.
type Started struct {
	Command []string
	Args    []string
	// Env holds the variables with a value known from the manifest alone.
	Env map[string]string
}

// Start returns what a container is started with after the kubelet has
// expanded `$(NAME)` and `$$` in its environment, command and arguments.
//
// Variables that come from a Secret, ConfigMap or field have a stand-in value,
// so that a reference to them is seen to be replaced. Text that some kubelets
// corrupt is an error.
func Start(container *corev1.Container) (*Started, error) {
	known := clusterVariables()
	started := &Started{Env: map[string]string{}}
	var broken []error
	expand := func(text, where string) string {
		expanded, err := Expand(text, known)
		if err != nil {
			broken = append(broken, fmt.Errorf("container %s: %s: %w", container.Name, where, err))
		}
		return expanded
	}
	for _, variable := range container.Env {
		if variable.ValueFrom != nil {
			known[variable.Name] = "<value of " + variable.Name + ">"
			continue
		}
		// Only variables given earlier in the list are known here.
		value := expand(variable.Value, "env "+variable.Name)
		known[variable.Name] = value
		started.Env[variable.Name] = value
	}
	for _, text := range container.Command {
		started.Command = append(started.Command, expand(text, "command"))
	}
	for _, text := range container.Args {
		started.Args = append(started.Args, expand(text, "args"))
	}
	return started, errors.Join(broken...)
}

// clusterVariables returns the variables that the kubelet gives every container
// for the `kubernetes` service, also with enableServiceLinks: false.
func clusterVariables() map[string]string {
	return map[string]string{
		"KUBERNETES_SERVICE_HOST":       "10.96.0.1",
		"KUBERNETES_SERVICE_PORT":       "443",
		"KUBERNETES_SERVICE_PORT_HTTPS": "443",
		"KUBERNETES_PORT":               "tcp://10.96.0.1:443",
		"KUBERNETES_PORT_443_TCP":       "tcp://10.96.0.1:443",
		"KUBERNETES_PORT_443_TCP_PROTO": "tcp",
		"KUBERNETES_PORT_443_TCP_PORT":  "443",
		"KUBERNETES_PORT_443_TCP_ADDR":  "10.96.0.1",
	}
}

// Expand applies the kubelet's rule to one text: `$(NAME)` becomes the value of
// a known variable, `$$` becomes `$`, anything else stays.
//
// The kubelet's own code is k8s.io/kubernetes/third_party/forked/golang/expansion,
// in a module that cannot be imported (it needs a replace directive for each of
// its staging modules), hence the rule is restated here. Kubelets before the fix
// of kubernetes/kubernetes#136325 take the byte after a `$` for a character,
// which destroys `$é`; such text is an error here.
func Expand(text string, known map[string]string) (string, error) {
	var out strings.Builder
	var err error
	for {
		before, rest, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String(), err
		}
		switch name, after, reference := referenceIn(rest); {
		case reference:
			value, ok := known[name]
			if !ok {
				value = "$(" + name + ")"
			}
			out.WriteString(value)
			text = after
		case strings.HasPrefix(rest, "$"):
			out.WriteByte('$')
			text = rest[1:]
		default:
			if rest != "" && rest[0] >= utf8.RuneSelf {
				next, _ := utf8.DecodeRuneInString(rest)
				err = fmt.Errorf("`$%c`: a `$` before a character outside ASCII is corrupted by kubelets without the fix of kubernetes#136325", next)
			}
			out.WriteByte('$')
			text = rest
		}
	}
}

// referenceIn splits `(NAME)…`, the text after a `$`.
func referenceIn(text string) (name, after string, ok bool) {
	inside, opened := strings.CutPrefix(text, "(")
	if !opened {
		return "", "", false
	}
	return strings.Cut(inside, ")")
}
