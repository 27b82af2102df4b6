package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/expression"
)

func functionsCommand() command {
	return command{
		name: "functions",
		args: "[NAME]",
		doc:  "list the functions of specs, or explain one",
		long: `Lists the functions that a spec may name, or tells about one of them: its formula
and arguments, what it gives where there are no values, an example, and where its
definition comes from. docs/functions.md has all aggregate functions on one page,
docs/expressions.md those of values.

	aggrun functions
	aggrun functions quantile
`,
		bind: func(*pflag.FlagSet) action { return tellFunctions },
	}
}

func tellFunctions(_ context.Context, s streams, args []string) error {
	if len(args) == 0 {
		listFunctions(s.out)
		return nil
	}
	if len(args) > 1 {
		return fmt.Errorf("functions: unexpected argument %q; want one NAME", args[1])
	}
	f, ok := functions.Lookup(args[0])
	of := valueFunctions(args[0])
	switch {
	case ok:
		if err := explain(s.out, f); err != nil {
			return err
		}
	case len(of) == 0:
		return fmt.Errorf("functions: unknown function %s%s; aggrun functions lists them",
			args[0], pipeline.DidYouMean(args[0], append(functions.Names(), valueNames()...)))
	}
	for _, v := range of {
		fmt.Fprintf(s.out, "%s: %s\n\nof values, in any expression; docs/expressions.md tells about those\n", v.Signature, v.Doc)
	}
	return nil
}

// valueFunctions are the functions of values, not of a window, that are so called.
func valueFunctions(name string) (found []expression.Scalar) {
	for _, v := range expression.Scalars() {
		if is, _, _ := strings.Cut(v.Signature, "("); is == name {
			found = append(found, v)
		}
	}
	return found
}

func valueNames() []string {
	var names []string
	for _, v := range expression.Scalars() {
		name, _, _ := strings.Cut(v.Signature, "(")
		names = append(names, name)
	}
	return names
}

// listFunctions prints a line for each function, under its family.
func listFunctions(w io.Writer) {
	width := 0
	for _, f := range functions.All() {
		width = max(width, len(f.Signature()))
	}
	for _, family := range functions.Families() {
		fmt.Fprintf(w, "%s\n", family.Name)
		for _, f := range family.Functions {
			where := ""
			if !f.Operation {
				where = " (under aggregates alone)"
			}
			fmt.Fprintf(w, "  %-*s  %s%s\n", width, f.Signature(), f.Doc, where)
		}
	}
	fmt.Fprintln(w, "of values, in any expression")
	for _, v := range expression.Scalars() {
		fmt.Fprintf(w, "  %-*s  %s\n", width, v.Signature, v.Doc)
	}
}

// explain prints what the table says of one function.
func explain(w io.Writer, f functions.Function) error {
	fmt.Fprintf(w, "%s: %s\n\n", f.Signature(), f.Doc)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fact := func(name, text string) { fmt.Fprintf(t, "%s\t%s\n", name, text) }
	fact("formula", f.Formula)
	fact("takes", f.Takes.String())
	for _, p := range f.Params {
		fact(p.Name, p.Doc+"; "+p.Want)
	}
	fact("missing values", f.Takes.Missing())
	fact("empty case", f.Empty)
	fact("unit", f.Unit.String())
	fact("example", f.Example)
	if f.Operation {
		fact("stands in", "operations and aggregates")
	} else {
		fact("stands in", "aggregates")
	}
	fact("source", f.Source)
	return t.Flush()
}
