package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/pflag"
)

// logging is how much is told on stderr while the command works, and in which
// form.
type logging struct {
	level, format choice
}

func (l *logging) bindLog(fs *pflag.FlagSet, level string) {
	l.level = choice{level, []string{"debug", "info", "warn", "error"}}
	l.format = choice{"text", []string{"text", "json"}}
	fs.Var(&l.level, "log-level", "the least that is logged")
	fs.Var(&l.format, "log-format", "form of the log")
	orEnvironment(fs, "log-level", "AGGRUN_LOG_LEVEL")
	orEnvironment(fs, "log-format", "AGGRUN_LOG_FORMAT")
}

func (l *logging) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(strings.ToUpper(l.level.word))); err != nil {
		panic(fmt.Sprintf("log level %q was not checked", l.level.word))
	}
	options := &slog.HandlerOptions{Level: level}
	if l.format.word == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
