package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/pipeline"
)

func helpCommand() command {
	return command{
		name: "help",
		args: "[COMMAND]",
		doc:  "tell about a command",
		long: `Lists the commands, or tells about one of them.

	aggrun help run
`,
		bind: func(*pflag.FlagSet) action { return help },
	}
}

func help(_ context.Context, s streams, args []string) error {
	if len(args) == 0 {
		overview(s.out)
		return nil
	}
	c, ok := lookup(args[0])
	if !ok || len(args) > 1 {
		return fmt.Errorf("help: unknown command %s%s; aggrun help lists them",
			strings.Join(args, " "), pipeline.DidYouMean(args[0], commandNames()))
	}
	describe(s.out, c)
	return nil
}

// overview lists the commands.
func overview(w io.Writer) {
	fmt.Fprint(w, `aggrun computes windowed statistics of Kafka topics as specs declare them.

usage: aggrun COMMAND [FLAGS]
       aggrun -f PATH...        the same as aggrun run -f PATH...

`)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(t, "  %s\t%s\n", c.name, c.doc)
	}
	_ = t.Flush() // nobody could be told
	fmt.Fprint(w, `
aggrun help COMMAND tells more. Begin with aggrun demo, which needs nothing else.
`)
}

// describe tells everything about one command.
func describe(w io.Writer, c command) {
	fs := flags(c)
	c.bind(fs)
	usage := "aggrun " + c.name
	if fs.HasFlags() {
		usage += " [FLAGS]"
	}
	if c.args != "" {
		usage += " " + c.args
	}
	fmt.Fprintf(w, "usage: %s\n\n%s", usage, c.long)
	if !fs.HasFlags() {
		return
	}
	fs.VisitAll(func(f *pflag.Flag) {
		if names := f.Annotations[environment]; len(names) > 0 {
			f.Usage += " (or " + strings.Join(names, ", ") + ")"
		}
	})
	fmt.Fprintf(w, "\nflags:\n%s", fs.FlagUsagesWrapped(100))
}
