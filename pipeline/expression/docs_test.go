package expression

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// docs is the page for users. `go test ./pipeline/expression -update` writes it.
const docs = "../../docs/expressions.md"

func TestDocsAreCurrent(t *testing.T) {
	intro, err := os.ReadFile("testdata/expressions.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| function | gives |\n|---|---|\n")
	for _, s := range Scalars() {
		fmt.Fprintf(&table, "| `%s` | %s |\n", s.Signature, s.Doc)
	}
	text := strings.Replace(string(intro), "{{functions}}\n", table.String(), 1)
	if *update {
		if err := os.WriteFile(docs, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(docs); err != nil || string(got) != text {
		t.Errorf("docs/expressions.md is not current (%v): go test ./pipeline/expression -update", err)
	}
}

// Every example of the page is an expression.
func TestDocsExamples(t *testing.T) {
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "```\n")
	block, _, _ = strings.Cut(block, "```")
	for line := range strings.Lines(block) {
		example, _, _ := strings.Cut(line, "  #")
		if _, err := Parse(strings.TrimSpace(example)); err != nil {
			t.Errorf("%s: %v", example, err)
		}
	}
}
