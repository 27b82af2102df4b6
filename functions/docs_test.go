package functions

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/functions.md")

// docs is the page for users. `go test ./functions -update` writes it.
const docs = "../docs/functions.md"

func TestDocsAreCurrent(t *testing.T) {
	text := page()
	if *update {
		if err := os.WriteFile(docs, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(docs); err != nil || string(got) != text {
		t.Errorf("docs/functions.md is not what the table says (%v): go test ./functions -update", err)
	}
}

const introduction = `# Functions

<!-- Written by "go test ./functions -update" from the table in functions/. -->

The aggregate functions of a spec. ` + "`aggrun functions`" + ` lists them in the terminal, and ` + "`aggrun functions quantile`" + ` tells about one.

` + "```yaml" + `
operations: [mean, stdev, max]                # of every field, as mean_value0 ...
aggregates:                                   # named expressions over aggregates
  spread: "max(value0) - min(value0)"
  p99: "quantile(hypot(value0, value1), 0.99)"
  hot: "count_if(temperature > 30) / count()"
` + "```" + `

What holds for all of them:

- **Arguments.** x is a field or an expression, computed for each record. What follows it is a constant. Under ` + "`operations`" + ` x is a field of numbers, and there is nothing else: a function that needs more stands under ` + "`aggregates`" + ` alone.
- **Missing values**, which are null, NaN or a field that is not there, are left out. n is the number of values that are there.
- **Infinities** are values: the mean of 1 and +Inf is +Inf. What has no answer, such as the mean of +Inf and -Inf, is no value.
- **No value** is null in the sink, or NaN with ` + "`nulls: nan`" + `.
- **Few values.** ` + "`min_sample_size` and `small_sample` govern `operations`" + `; under ` + "`aggregates`" + ` each function follows its own rule, told below.
- **Order** is that of event time; records of one time follow in the order of topic, partition and offset.
- **Accuracy.** Sums are kept in twice the precision of a double, about the first value, so that neither a large offset (1e9 + noise) nor huge or tiny values cost digits. Results do not depend on how the records came: a re-read gives the same bits.
- **Numbers** are doubles: a long beyond 2^53 is rounded to the nearest one.
`

func page() string {
	var b strings.Builder
	b.WriteString(introduction)
	for _, family := range Families() {
		fmt.Fprintf(&b, "\n## %s\n\n| function | gives |\n|---|---|\n", sentence(family.Name))
		for _, f := range family.Functions {
			fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", f.Signature(), f.Name, f.Doc)
		}
		for _, f := range family.Functions {
			fmt.Fprintf(&b, "\n### %s\n\n`%s`: %s.\n\n", f.Name, f.Signature(), f.Doc)
			writeFacts(&b, f)
		}
	}
	return b.String()
}

func writeFacts(b *strings.Builder, f Function) {
	fact := func(name, text string) { fmt.Fprintf(b, "- **%s:** %s\n", name, text) }
	fact("Formula", "`"+f.Formula+"`")
	fact("Takes", f.Takes.String())
	for _, p := range f.Params {
		fact(p.Name, p.Doc+"; "+p.Want)
	}
	fact("Missing values", f.Takes.Missing())
	fact("Empty case", f.Empty)
	fact("Unit", f.Unit.String())
	call, values, _ := strings.Cut(f.Example, " of ")
	fact("Example", "`"+call+"` of "+values)
	if !f.Operation {
		fact("Where", "under `aggregates` alone")
	}
	fact("Source", f.Source)
}

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
