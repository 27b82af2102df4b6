package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/pipeline"
)

func functionsCommand() command {
	return command{
		name: "functions",
		args: "[NAME]",
		doc:  "list the aggregate functions, or explain one",
		long: `Lists the functions that a spec may name, or tells about one of them: its formula
and arguments, what it gives where there are no values, an example, and where its
definition comes from. docs/functions.md has it all on one page.

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
	if !ok {
		return fmt.Errorf("functions: unknown function %s%s; aggrun functions lists them",
			args[0], pipeline.DidYouMean(args[0], functions.Names()))
	}
	return explain(s.out, f)
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
