// Command kubectl-patch merges strategic merge patches as kubectl and the API server do. It is the oracle for our
// own merge (compiler/patches.py): tests compare results.
//
// Input: JSON documents, each {"kind": "Deployment" or "Service", "document": {...}, "patch": {...}}. Output: one
// line each, {"result": {...}} or {"error": "..."}.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// kinds holds the Go types whose tags say how their lists merge.
var kinds = map[string]any{"Deployment": appsv1.Deployment{}, "Service": corev1.Service{}}

type request struct {
	Kind     string          `json:"kind"`
	Document json.RawMessage `json:"document"`
	Patch    json.RawMessage `json:"patch"`
}

type answer struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
}

func main() {
	in := json.NewDecoder(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		var asked request
		if err := in.Decode(&asked); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(merge(asked)); err != nil {
			log.Fatal(err)
		}
	}
}

func merge(asked request) answer {
	kind, known := kinds[asked.Kind]
	if !known {
		return answer{Error: fmt.Sprintf("unknown kind %q", asked.Kind)}
	}
	merged, err := strategicpatch.StrategicMergePatch(asked.Document, asked.Patch, kind)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Result: merged}
}
