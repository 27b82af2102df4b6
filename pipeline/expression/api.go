package expression

import "github.com/aggrun/aggrun/functions"

// This file is a first sketch of the interface; its bodies are on their way.

type node struct{}
type name struct{}

// Parse reads an expression over a record's fields.
func Parse(src string) (*Tree, error) { return &Tree{source: src}, nil }

// ParseAggregates reads an expression over aggregates.
func ParseAggregates(src string) (*Tree, []*Call, error) { return &Tree{source: src}, nil, nil }

// Field gives the path of a tree that is nothing but one name.
func (t *Tree) Field() (path string, ok bool) { return "", false }

// Check infers types.
func (t *Tree) Check(scope Scope, want Type) (*Checked, error) { return &Checked{}, nil }

// Call is an aggregate in an expression over aggregates.
type Call struct {
	Function functions.Function
	Arg      *Tree // of one record; nil for count()
	Value    func(functions.Accumulator) (float64, bool)
	Key      string
	ArgKey   string
	Offset   int
}

// Check checks the argument, wanting what the function takes. nil for count().
func (c *Call) Check(scope Scope) (*Checked, error) { return &Checked{}, nil }

// Checked is an expression whose types are known.
type Checked struct {
	Type  Type
	Reads []Read
}

// Compile gives the expression; slot, the column of each read: in Input.Numbers
// for a Number or Boolean, in Input.Texts for a Text; negative where there is none and all is missing.
func (c *Checked) Compile(slot func(Read) int, o Options) *Expression { return &Expression{} }

// Expression is immutable and may be shared.
type Expression struct{}

// Backend is "columns" or "vm".
func (e *Expression) Backend() string { return "columns" }

// NewEvaluator gives scratch, for one owner.
func (e *Expression) NewEvaluator() *Evaluator { return &Evaluator{} }

// Evaluator evaluates an expression.
type Evaluator struct{}

// Input is a run of rows.
type Input struct {
	Rows    int
	Numbers [][]float64
	Texts   [][][]byte
}

// Numbers evaluates an expression of type Number or Boolean.
func (ev *Evaluator) Numbers(in *Input) []float64 { return make([]float64, in.Rows) }

// Texts evaluates an expression of type Text.
func (ev *Evaluator) Texts(in *Input) [][]byte { return make([][]byte, in.Rows) }

// Names are the names that a tree reads, each once, before their types are known.
func (t *Tree) Names() []Read { return nil }
