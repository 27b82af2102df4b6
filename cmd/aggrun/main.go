// Command aggrun computes windowed statistics of Kafka topics as specs declare
// them: see the package aggrun for what that means, and aggrun help for how.
//
// This is the one room that wires the others together. A command is a row of the
// table in commands.go and a file of its own: its help, its flags and the
// function that runs it. Help, usage errors and completion read the table.
//
//	main -> execute -> dispatch -> command.bind(flags) -> action
//
// Results go to stdout, everything else to stderr. The exit code is 0, or 1
// after an error.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal ends the work in order, a second one the process
	os.Exit(execute(ctx, os.Args[1:], streams{os.Stdout, os.Stderr, os.LookupEnv}))
}
