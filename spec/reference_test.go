package spec

// This file writes docs/spec.md, the users' reference: testdata/spec.md.tmpl, with
// tables of what schema.cue, defaults.go, shorthand.go and notbuilt.go say.

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
)

const referencePath = "../docs/spec.md"

// sections are the mappings whose fields are told, by general path, and what their
// headings are.
var sections = map[string]string{
	"":                        "Top level",
	"kafka":                   "kafka",
	"kafka.tls":               "tls",
	"kafka.sasl":              "sasl",
	"registries.*":            "registries.NAME",
	"pipelines.*":             "pipelines.NAME",
	"pipelines.*.source":      "source",
	"pipelines.*.source.time": "source.time",
	"pipelines.*.window":      "window",
	"pipelines.*.sink":        "sink",
}

// defaultTexts is, by general path, what holds for a field that is left out.
func defaultTexts() map[string]string {
	p, several := defaults("NAME"), defaults("NAME")
	src := defaultSource("source")
	p.Sources, several.Sources = []Source{src}, []Source{src, src}
	return map[string]string{
		"pipelines.*.start":            code(p.Start.Kind),
		"pipelines.*.min_sample_size":  code(p.MinSample),
		"pipelines.*.small_sample":     code(p.SmallSample),
		"pipelines.*.idle":             code(short(p.Idle)),
		"pipelines.*.max_future":       code(short(p.MaxFuture)),
		"pipelines.*.max_replay":       code(p.MaxReplay),
		"pipelines.*.max_groups":       code(p.MaxGroups),
		"pipelines.*.max_samples":      code(p.MaxSamples),
		"pipelines.*.late":             code(p.Late),
		"pipelines.*.on_error":         code(p.OnError),
		"pipelines.*.shard":            code(p.Shard),
		"pipelines.*.partitioner":      "not known",
		"pipelines.*.group_by":         "one group",
		"pipelines.*.source.registry":  code(src.Registry),
		"pipelines.*.source.fields":    "every numeric field",
		"pipelines.*.source.where":     "every record",
		"pipelines.*.source.time":      "the record's timestamp",
		"pipelines.*.source.time.unit": code(defaultUnit),
		"pipelines.*.window.advance":   "`size`",
		"pipelines.*.window.grace":     code(p.Window.Grace),
		"pipelines.*.window.offset":    code(p.Window.Offset),
		"pipelines.*.sink.topic":       code(defaultSink(p)) + ", with several sources " + code(defaultSink(several)),
		"pipelines.*.sink.partitions":  code(p.Sink.Partitions),
		"pipelines.*.sink.replication": code(p.Sink.Replication),
		"pipelines.*.sink.create":      code(p.Sink.Create),
		"pipelines.*.sink.nulls":       code(p.Sink.Nulls),
	}
}

func code(v any) string { return fmt.Sprintf("`%v`", v) }

// TestReference holds docs/spec.md against what it is written from, or, with
// -update, writes it.
func TestReference(t *testing.T) {
	text, err := reference()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(referencePath, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(referencePath); err != nil || !bytes.Equal(have, text) {
		t.Errorf("docs/spec.md is not current (%v): run go test ./spec -run TestReference -update", err)
	}
}

func reference() ([]byte, error) {
	w := writer{newSchema(cuecontext.New()), defaultTexts()}
	tmpl, err := template.New("spec.md.tmpl").Funcs(template.FuncMap{
		"fields": w.fields, "shorthands": w.shorthands, "unbuilt": w.unbuilt,
	}).ParseFiles("testdata/spec.md.tmpl")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = tmpl.Execute(&out, nil)
	if err == nil && len(w.defaults) > 0 {
		err = fmt.Errorf("defaults of fields that nobody has: %v", slices.Sorted(maps.Keys(w.defaults)))
	}
	return out.Bytes(), err
}

// writer writes tables. It takes away the defaults that it has told.
type writer struct {
	*schema
	defaults map[string]string
}

// fields is the table of the mapping at a general path.
func (w writer) fields(path string) (string, error) {
	if _, ok := sections[path]; !ok {
		return "", fmt.Errorf("%q is none of the sections", path)
	}
	p, s := w.at(path)
	var b strings.Builder
	b.WriteString("| field | value | if left out | meaning |\n|---|---|---|---|\n")
	for _, f := range w.selectors(p, s) {
		next, v, _ := w.child(p, s, f.Unquoted())
		if isUnbuilt(next.general) {
			continue
		}
		meaning := docOf(s, f)
		if meaning == "" {
			return "", fmt.Errorf("schema.cue says nothing about %s", next.general)
		}
		value, err := w.value(next, v)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Unquoted(), value, w.missing(next, f), cell(meaning))
	}
	return b.String(), nil
}

// at is the place and the shape at a general path.
func (w writer) at(path string) (place, cue.Value) {
	p, s := place{}, w.spec
	for name := range strings.SplitSeq(path, ".") {
		if name != "" {
			p, s, _ = w.child(p, s, strings.ReplaceAll(name, "*", "x"))
		}
	}
	return p, s
}

// value is what the field at p may be, with a link to the section that tells more.
func (w writer) value(p place, v cue.Value) (string, error) {
	isMapping := v.IncompleteKind() == cue.StructKind
	if _, ok := secrets[p.general]; ok {
		return cell(w.want(p, v)), nil
	}
	if p.general == "registries.*.tls" {
		return link("a mapping", "tls"), nil
	}
	if section, ok := sections[p.general]; ok && isMapping {
		return cell(shortForm(p)) + link("a mapping", section), nil
	}
	if inner, ok := sections[p.general+".*"]; ok && isMapping {
		return "a mapping of names to " + link(entryRules[p.general].value, inner), nil
	}
	if isMapping && len(w.known(p, v)) > 0 {
		return "", fmt.Errorf("%s has fields, and no section", p.general)
	}
	if p.general == "pipelines.*.sources" {
		return "a list of " + link("sources", "source") + ", short or long", nil
	}
	return cell(w.want(p, v)), nil
}

func link(text, section string) string {
	return fmt.Sprintf("[%s](#%s)", text, strings.NewReplacer(".", "", " ", "-").Replace(strings.ToLower(section)))
}

func (w writer) missing(p place, f cue.Selector) string {
	text, ok := w.defaults[p.general]
	delete(w.defaults, p.general)
	switch {
	case f.ConstraintType() == cue.RequiredConstraint:
		return "required"
	case ok:
		return text
	}
	for _, t := range slices.Concat(inPipeline, inSource) {
		if i := slices.Index(t.fields, f.Unquoted()); i >= 0 {
			return "give this or `" + t.fields[1-i] + "`"
		}
	}
	return ""
}

// docOf is the comment that s has for its field f, as one line.
func docOf(s cue.Value, f cue.Selector) string {
	fields, err := s.Fields(cue.Optional(true))
	for err == nil && fields.Next() {
		if fields.Selector().Unquoted() != f.Unquoted() {
			continue
		}
		for _, group := range fields.Value().Doc() {
			return strings.Join(strings.Fields(group.Text()), " ")
		}
	}
	return ""
}

var inCode = regexp.MustCompile("`[^`]*`|[*|<]")

// cell is text as a table of Markdown shows it.
func cell(text string) string {
	return inCode.ReplaceAllStringFunc(text, func(s string) string {
		if len(s) > 1 {
			return strings.ReplaceAll(s, "|", `\|`)
		}
		return `\` + s
	})
}

// shorthands is the table of short forms.
func (w writer) shorthands() (string, error) {
	var b strings.Builder
	b.WriteString("| short | long |\n|---|---|\n")
	for _, s := range shorthands {
		lines := shortExamples[s.path]
		if lines == nil {
			return "", fmt.Errorf("no example of the short form of %s", s.path)
		}
		for _, l := range lines {
			fmt.Fprintf(&b, "| `%s` | `%s` |\n", l[0], l[1])
		}
	}
	return b.String(), nil
}

// shortExamples are, by path, short forms and what they stand for.
var shortExamples = map[string][][2]string{
	"pipelines.*.source": {
		{`source: "example-*"`, `source: {topics: ["example-*"]}`},
		{`source: [a, "b-*"]`, `source: {topics: [a, "b-*"]}`},
	},
	"pipelines.*.source.time": {{`time: stamp`, `time: {field: stamp}`}},
	"pipelines.*.group_by":    {{`group_by: salIndex`, `group_by: [salIndex]`}},
	"pipelines.*.window":      {{`window: 10s`, `window: {size: 10s}`}},
	"pipelines.*.sink":        {{`sink: "{topic}-10s"`, `sink: {topic: "{topic}-10s"}`}},
	"registries.*":            {{`registries: {sink: "http://b:8081"}`, `registries: {sink: {url: "http://b:8081"}}`}},
}

func isUnbuilt(general string) bool {
	return notBuilt[general] != "" || slices.ContainsFunc(notBuiltValues, func(n notBuiltValue) bool {
		return general == "pipelines.*"+pathSuffix(n.path)
	})
}

// unbuilt is the list of what is refused.
func (w writer) unbuilt() string {
	reasons := maps.Clone(notBuilt)
	for _, n := range notBuiltValues {
		reasons["pipelines.*"+pathSuffix(n.path)] = n.reason
	}
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(&b, "- `%s`: %s\n", strings.ReplaceAll(path, "*", "NAME"), reasons[path])
	}
	return b.String()
}

var examples = regexp.MustCompile("(?s)```(yaml|cue|json)\n(.*?)```")

// Every example in the reference loads.
func TestReferenceExamples(t *testing.T) {
	text, err := os.ReadFile(referencePath)
	if err != nil {
		t.Fatal(err)
	}
	found := examples.FindAllSubmatch(text, -1)
	if len(found) < 10 {
		t.Errorf("%d examples", len(found))
	}
	for i, m := range found {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			loadFiles(t, map[string]string{"a." + string(m[1]): string(m[2])}, Options{})
		})
	}
}
