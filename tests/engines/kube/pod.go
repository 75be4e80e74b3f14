package kube

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
)

// CheckPodSpec returns what the API server would refuse in the containers of a
// pod made from a manifest: environment variables, resources, image, volume
// mounts.
//
// The manifest's own validation does not do this; the engine meets the error
// when it creates the pod. The full validation of pods is in k8s.io/kubernetes,
// which cannot be imported; these are the parts of it that a compiler can get
// wrong. Quantities have been parsed when the spec was decoded.
func CheckPodSpec(spec *corev1.PodSpec, path string) []error {
	var found []error
	volumes := map[string]bool{}
	for _, volume := range spec.Volumes {
		if volumes[volume.Name] {
			found = append(found, fmt.Errorf("%s.volumes: %q is given twice", path, volume.Name))
		}
		volumes[volume.Name] = true
		for _, message := range utilvalidation.IsDNS1123Label(volume.Name) {
			found = append(found, fmt.Errorf("%s.volumes: %q: %s", path, volume.Name, message))
		}
	}
	for _, container := range slices.Concat(spec.InitContainers, spec.Containers) {
		found = append(found, checkContainer(&container, volumes, fmt.Sprintf("%s.containers[%s]", path, container.Name))...)
	}
	return found
}

func checkContainer(container *corev1.Container, volumes map[string]bool, path string) []error {
	var found []error
	if container.Image == "" {
		found = append(found, fmt.Errorf("%s.image: is missing", path))
	}
	if len(container.Command) == 0 {
		found = append(found, fmt.Errorf("%s.command: is missing, the engine would have to ask the registry for the image's own", path))
	}
	for _, mount := range container.VolumeMounts {
		if !volumes[mount.Name] {
			found = append(found, fmt.Errorf("%s.volumeMounts: no volume named %q", path, mount.Name))
		}
	}
	found = append(found, checkEnv(container.Env, path+".env")...)
	return append(found, checkResources(&container.Resources, path+".resources")...)
}

func checkEnv(env []corev1.EnvVar, path string) []error {
	var found []error
	for _, variable := range env {
		for _, message := range utilvalidation.IsEnvVarName(variable.Name) {
			found = append(found, fmt.Errorf("%s: %q: %s", path, variable.Name, message))
		}
		source := variable.ValueFrom
		if source == nil {
			continue
		}
		if variable.Value != "" {
			found = append(found, fmt.Errorf("%s: %q has both value and valueFrom", path, variable.Name))
		}
		if source.SecretKeyRef != nil && (source.SecretKeyRef.Name == "" || source.SecretKeyRef.Key == "") {
			found = append(found, fmt.Errorf("%s: %q: secretKeyRef needs name and key", path, variable.Name))
		}
	}
	return found
}

func checkResources(resources *corev1.ResourceRequirements, path string) []error {
	found := checkQuantities(resources.Requests, path+".requests")
	found = append(found, checkQuantities(resources.Limits, path+".limits")...)
	for _, name := range slices.Sorted(maps.Keys(resources.Requests)) {
		request := resources.Requests[name]
		limit, limited := resources.Limits[name]
		if limited && request.Cmp(limit) > 0 {
			found = append(found, fmt.Errorf("%s.requests: %s %s is more than its limit %s", path, name, request.String(), limit.String()))
		}
	}
	return found
}

func checkQuantities(quantities corev1.ResourceList, path string) []error {
	var found []error
	for _, name := range slices.Sorted(maps.Keys(quantities)) {
		quantity := quantities[name]
		for _, message := range utilvalidation.IsQualifiedName(string(name)) {
			found = append(found, fmt.Errorf("%s: %q: %s", path, name, message))
		}
		if quantity.Sign() < 0 {
			found = append(found, fmt.Errorf("%s: %s %s is negative", path, name, quantity.String()))
		}
		switch name {
		case corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage:
		default:
			// Devices come whole: `nvidia.com/gpu: 500m` is refused.
			if quantity.MilliValue()%1000 != 0 {
				found = append(found, fmt.Errorf("%s: %s %s is not a whole number", path, name, quantity.String()))
			}
		}
	}
	return found
}
