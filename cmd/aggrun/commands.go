package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"
)

// command is one row of the table.
type command struct {
	name string
	args string // what follows the flags, for the usage line; "" takes nothing
	doc  string // one line
	long string // what it does, with an example
	// bind declares the command's flags and gives the function that runs it
	// once they are set.
	bind func(*pflag.FlagSet) action
}

// action runs a command; args is what stands beside the flags.
type action func(ctx context.Context, s streams, args []string) error

// streams are the surroundings of a command.
type streams struct {
	out io.Writer // results
	err io.Writer // everything else
	env func(string) (string, bool)
}

// commands is the table, in the order of help.
func commands() []command {
	return []command{
		runCommand(),
		vetCommand(),
		listCommand(),
		aclsCommand(),
		functionsCommand(),
		demoCommand(),
		devCommand(),
		initExampleCommand(),
		produceCommand(),
		benchCommand(),
		completionCommand(),
		versionCommand(),
		helpCommand(),
	}
}

func commandNames() []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

func lookup(name string) (command, bool) {
	for _, c := range commands() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}
