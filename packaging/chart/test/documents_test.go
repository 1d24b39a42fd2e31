package test

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// document is one object of what was rendered.
type document struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	text       []byte
}

var separator = regexp.MustCompile(`(?m)^---.*$`)

// split takes what was rendered apart. What stands behind the three dashes on their line, which tools read in different ways, a List,
// in which objects could hide from who counts, and a document without a kind are errors.
func split(rendered []byte) (documents []document, err error) {
	for _, line := range separator.FindAll(rendered, -1) {
		if string(line) != "---" {
			return nil, fmt.Errorf("the line %q: nothing may stand behind the dashes", line)
		}
	}
	for i, text := range separator.Split(string(rendered), -1) {
		if i == 0 && strings.TrimSpace(text) == "" {
			continue
		}
		d := document{text: []byte(text)}
		if err := yaml.Unmarshal(d.text, &d); err != nil {
			return nil, err
		}
		if d.Kind == "" || strings.HasSuffix(d.Kind, "List") {
			return nil, fmt.Errorf("an object of the kind %q:\n%s", d.Kind, text)
		}
		documents = append(documents, d)
	}
	return documents, nil
}

// mustSplit is split for what is right.
func mustSplit(t *testing.T, rendered []byte) []document {
	t.Helper()
	documents, err := split(rendered)
	if err != nil {
		t.Fatal(err)
	}
	if len(documents) == 0 {
		t.Fatal("nothing was rendered")
	}
	return documents
}

// errOther is the reason when an object isn't of Kubernetes itself.
var errOther = errors.New("not a kind of Kubernetes itself")

// decode reads an object as the API server does with fieldValidation=Strict: unknown and repeated keys are errors.
func decode(d document) (runtime.Object, error) {
	object, _, err := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer().Decode(d.text, nil, nil)
	if runtime.IsNotRegisteredError(err) {
		return nil, errOther
	}
	return object, err
}

// find is the object of a type among the documents, by its name's end.
func find[T interface {
	runtime.Object
	GetName() string
}](t *testing.T, documents []document, suffix string) (found T) {
	t.Helper()
	for _, d := range documents {
		object, err := decode(d)
		if err != nil && !errors.Is(err, errOther) {
			t.Fatal(err)
		}
		if typed, ok := object.(T); ok && strings.HasSuffix(typed.GetName(), suffix) {
			return typed
		}
	}
	t.Fatalf("no %T whose name ends in %q", found, suffix)
	return found
}

// TestSplit holds that what would hide an object is refused.
func TestSplit(t *testing.T) {
	for name, text := range map[string]string{
		"behind the dashes": "--- {kind: Secret}\nkind: Pod\n",
		"a list":            "kind: List\nitems: []\n",
		"a typed list":      "kind: PodList\nitems: []\n",
		"without a kind":    "kind: Pod\n---\n# nothing\n",
	} {
		if documents, err := split([]byte(text)); err == nil {
			t.Errorf("%s: %d documents", name, len(documents))
		}
	}
	documents, err := split([]byte("---\nkind: Pod\n---\nkind: Service\ntext: |\n  --- inside\n"))
	if err != nil || len(documents) != 2 || !bytes.Contains(documents[1].text, []byte("inside")) {
		t.Errorf("%v, %v", documents, err)
	}
}
