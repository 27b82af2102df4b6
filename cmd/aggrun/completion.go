package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

func completionCommand() command {
	return command{
		name: "completion",
		args: "bash|zsh|fish",
		doc:  "print a completion script for a shell",
		long: `Prints a script that completes commands and flags.

	source <(aggrun completion bash)
	aggrun completion zsh > "${fpath[1]}/_aggrun"
	aggrun completion fish > ~/.config/fish/completions/aggrun.fish
`,
		bind: func(*pflag.FlagSet) action { return completion },
	}
}

func completion(_ context.Context, s streams, args []string) error {
	scripts := map[string]func(io.Writer){"bash": bash, "zsh": zsh, "fish": fish}
	if len(args) != 1 || scripts[args[0]] == nil {
		return fmt.Errorf("completion: want a shell: %s", strings.Join(slices.Sorted(maps.Keys(scripts)), ", "))
	}
	scripts[args[0]](s.out)
	return nil
}

func bash(w io.Writer) {
	fmt.Fprintf(w, `_aggrun() {
	local words cur=${COMP_WORDS[COMP_CWORD]}
	case $COMP_CWORD:${COMP_WORDS[1]} in
	1:*) words=%q ;;
`, strings.Join(commandNames(), " "))
	for _, c := range commands() {
		var words []string
		eachFlag(c, func(f *pflag.Flag) { words = append(words, "--"+f.Name) })
		fmt.Fprintf(w, "\t*:%s) words=%q ;;\n", c.name, strings.Join(words, " "))
	}
	fmt.Fprint(w, `	esac
	if [[ $COMP_CWORD == 1 || $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$words" -- "$cur"))
	fi
}
complete -o default -F _aggrun aggrun
`)
}

func zsh(w io.Writer) {
	fmt.Fprint(w, "#compdef aggrun\n_aggrun() {\n\tlocal -a commands=(\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "\t\t%s\n", quote(c.name+":"+c.doc))
	}
	fmt.Fprint(w, `	)
	if ((CURRENT == 2)); then
		_describe command commands
		return
	fi
	shift words
	((CURRENT--))
	case $words[1] in
`)
	for _, c := range commands() {
		fmt.Fprintf(w, "\t%s) _arguments", c.name)
		eachFlag(c, func(f *pflag.Flag) {
			fmt.Fprintf(w, " \\\n\t\t%s", quote(zshFlag(f)))
		})
		fmt.Fprint(w, " ;;\n")
	}
	fmt.Fprint(w, `	esac
}
if [[ $funcstack[1] == _aggrun ]]; then
	_aggrun "$@"
else
	compdef _aggrun aggrun
fi
`)
}

// zshFlag is a flag as _arguments describes it: * repeats, = takes a value.
func zshFlag(f *pflag.Flag) string {
	kind, usage := pflag.UnquoteUsage(f)
	usage = strings.NewReplacer("[", "(", "]", ")", ":", `\:`).Replace(usage)
	if kind == "" {
		return fmt.Sprintf("--%s[%s]", f.Name, usage)
	}
	return fmt.Sprintf("*--%s=[%s]:%s:_files", f.Name, usage, strings.ReplaceAll(kind, ":", `\:`))
}

func fish(w io.Writer) {
	for _, c := range commands() {
		fmt.Fprintf(w, "complete -c aggrun -n __fish_use_subcommand -f -a %s -d %s\n", c.name, quote(c.doc))
		eachFlag(c, func(f *pflag.Flag) {
			kind, usage := pflag.UnquoteUsage(f)
			takes := " -r"
			if kind == "" {
				takes = ""
			}
			fmt.Fprintf(w, "complete -c aggrun -n '__fish_seen_subcommand_from %s' -l %s%s -d %s\n", c.name, f.Name, takes, quote(usage))
		})
	}
}

// eachFlag visits the flags that are for people.
func eachFlag(c command, visit func(*pflag.Flag)) {
	fs := flags(c)
	c.bind(fs)
	fs.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			visit(f)
		}
	})
}

// quote makes a text one word of a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
