package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// execute runs one command line and gives the exit code.
func execute(ctx context.Context, args []string, s streams) int {
	if err := dispatch(ctx, args, s); err != nil {
		complain(s.err, err)
		return 1
	}
	return 0
}

func dispatch(ctx context.Context, args []string, s streams) error {
	name, rest, err := split(args)
	if err != nil {
		return err
	}
	c, ok := lookup(name)
	if !ok {
		return fmt.Errorf("unknown command %s%s; aggrun help lists them", name, pipeline.DidYouMean(name, commandNames()))
	}
	fs := flags(c)
	act := c.bind(fs)
	if err := fs.Parse(rest); errors.Is(err, pflag.ErrHelp) {
		describe(s.out, c)
		return nil
	} else if err != nil {
		return fmt.Errorf("%s: %w%s", c.name, err, suggestFlag(err, fs))
	}
	if err := fromEnvironment(fs, s.env); err != nil {
		return err
	}
	if c.args == "" && fs.NArg() > 0 {
		return fmt.Errorf("%s: unexpected argument %q%s", c.name, fs.Arg(0), hintPath(fs))
	}
	return act(ctx, s, fs.Args())
}

// split finds the command's name. A command line that begins with a flag runs
// specs, unless it asks for help or the version.
func split(args []string) (name string, rest []string, err error) {
	switch {
	case len(args) == 0:
		return "", nil, errors.New("no command: try aggrun demo, or aggrun help")
	case args[0] == "-h" || args[0] == "--help":
		return helpCommand().name, nil, nil
	case args[0] == "--version":
		return versionCommand().name, nil, nil
	case strings.HasPrefix(args[0], "-"):
		return runCommand().name, args, nil
	}
	return args[0], args[1:], nil
}

func flags(c command) *pflag.FlagSet {
	fs := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.SortFlags = false
	fs.Usage = func() {}
	return fs
}

// suggestFlag completes pflag's message about a flag that does not exist.
func suggestFlag(err error, fs *pflag.FlagSet) string {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) || missing.GetSpecifiedShortnames() != "" {
		return ""
	}
	var known []string
	fs.VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if name := spec.Suggest(missing.GetSpecifiedName(), known); name != "" {
		return fmt.Sprintf(" (did you mean --%s?)", name)
	}
	return ""
}

// hintPath tells where a path belongs that was given as an argument.
func hintPath(fs *pflag.FlagSet) string {
	if fs.Lookup(specFlag) != nil {
		return "; specs are given by -f PATH"
	}
	return ""
}

// complain prints an error: those of specs as they are, one a line, others under
// the program's name.
func complain(w io.Writer, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			complain(w, e)
		}
		return
	}
	if errors.As(err, new(spec.Errors)) {
		fmt.Fprintln(w, err)
		return
	}
	fmt.Fprintf(w, "aggrun: %v\n", err)
}
