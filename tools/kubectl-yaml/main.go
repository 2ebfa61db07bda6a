// Command kubectl-yaml reads YAML and JSON the way kubectl does: the oracle for compiler/source.
//
// Each line of standard input is a JSON string: the base64 of one whole file. Each line of standard output answers it:
//
//	{"documents": [...]}   every document that is not null, typed (see typed)
//	{"error": "..."}       kubectl refuses the file
//
// The path of a file is kubectl's own: YAMLOrJSONDecoder splits it into documents and turns each into JSON with
// sigs.k8s.io/yaml; the JSON is then decoded as an unstructured object is, integers kept apart from floats.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

type answer struct {
	Documents []any  `json:"documents"`
	Error     string `json:"error,omitempty"`
}

// typed makes the type of every value visible in JSON: null, true and "text" stand for themselves, everything else is
// one pair: ["int", "1"], ["float", "1.5"], ["list", [...]], ["map", {...}].
func typed(value any) any {
	switch v := value.(type) {
	case nil, bool, string:
		return v
	case int64:
		return []any{"int", strconv.FormatInt(v, 10)}
	case float64:
		return []any{"float", strconv.FormatFloat(v, 'g', -1, 64)}
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = typed(item)
		}
		return []any{"list", items}
	case map[string]any:
		fields := make(map[string]any, len(v))
		for key, field := range v {
			fields[key] = typed(field)
		}
		return []any{"map", fields}
	default:
		panic(fmt.Sprintf("a JSON decoder gave %T", value))
	}
}

func read(file []byte) (documents []any, err error) {
	documents = []any{}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(file), 4096)
	for {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			if errors.Is(err, io.EOF) {
				return documents, nil
			}
			return nil, err
		}
		raw = bytes.TrimSpace(raw)
		if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
			continue
		}
		var value any
		if err := utiljson.Unmarshal(raw, &value); err != nil {
			return nil, err
		}
		documents = append(documents, typed(value))
	}
}

func main() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer output.Flush()
	encoder := json.NewEncoder(output)
	encoder.SetEscapeHTML(false)
	for {
		line, err := input.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			return
		}
		var encoded string
		if err := json.Unmarshal([]byte(line), &encoded); err != nil {
			fmt.Fprintln(os.Stderr, "kubectl-yaml: not a JSON string:", err)
			os.Exit(2)
		}
		file, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			fmt.Fprintln(os.Stderr, "kubectl-yaml: not base64:", err)
			os.Exit(2)
		}
		var reply answer
		if reply.Documents, err = read(file); err != nil {
			reply = answer{Error: err.Error()}
		}
		if err := encoder.Encode(reply); err != nil {
			fmt.Fprintln(os.Stderr, "kubectl-yaml:", err)
			os.Exit(2)
		}
	}
}
