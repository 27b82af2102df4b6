package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is an aggrun, or another program, at work.
type process struct {
	name string
	log  string // path of what it says on stdout and stderr
	cmd  *exec.Cmd
	done chan struct{}
	err  error // how it ended; to be read after done
	born time.Time
}

// build makes an aggrun; without tags it is the plain build that users have.
func (s *stage) build(ctx context.Context, name string, tags ...string) (string, error) {
	binary := filepath.Join(s.dir, name)
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", strings.Join(tags, ","), "-o", binary, "./cmd/aggrun")
	cmd.Dir = s.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/aggrun: %w\n%s", err, out)
	}
	return binary, nil
}

// start runs a program in the background. Its output goes to a log of its name, after what is there.
func (s *stage) start(name, program string, args ...string) (*process, error) {
	return s.startWith(nil, name, program, args...)
}

// startWith is start with more variables in the environment.
func (s *stage) startWith(environment []string, name, program string, args ...string) (*process, error) {
	p := &process{name: name, log: filepath.Join(s.dir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.Command(program, args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Dir, p.cmd.Env = s.root, append(withoutAggrun(os.Environ()), environment...)
	// Ctrl-C is for the trial, which ends its processes in its own order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.born = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	s.procs = append(s.procs, p)
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// withoutAggrun leaves out what would speak to aggrun beside its flags.
func withoutAggrun(environment []string) (kept []string) {
	for _, e := range environment {
		if !strings.HasPrefix(e, "AGGRUN_") {
			kept = append(kept, e)
		}
	}
	return kept
}

// aggrun starts the binary that is tried.
func (s *stage) aggrun(name string, args ...string) (*process, error) {
	return s.start(name, s.binary, args...)
}

// run runs a program to its end and returns how long it took.
func (s *stage) run(ctx context.Context, name, program string, args ...string) (time.Duration, error) {
	p, err := s.start(name, program, args...)
	if err != nil {
		return 0, err
	}
	err = p.wait(ctx)
	return time.Since(p.born), err
}

// wait returns how the process ended, with the end of its log where it was an error.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		p.kill()
		return ctx.Err()
	case <-p.done:
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w\n%s", p.name, p.err, p.said(30))
	}
	return nil
}

// ended tells whether the process is gone.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill is SIGKILL, and returns when the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // an error: it is gone
	<-p.done
}

// stop is SIGTERM: the process has a minute to end well.
func (p *process) stop(ctx context.Context) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return p.wait(ctx)
}

// signal sends a signal to the process, which may be gone.
func (p *process) signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// killed tells that the process, which is gone, ended by SIGKILL.
func (p *process) killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// asleep tells that SIGSTOP has stopped the process. ps says so on every Unix.
func (p *process) asleep() (bool, error) {
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(p.cmd.Process.Pid)).Output()
	return strings.HasPrefix(strings.TrimSpace(string(out)), "T"), err
}

// says tells that the log holds a text.
func (p *process) says(text string) bool {
	log, err := os.ReadFile(p.log)
	return err == nil && strings.Contains(string(log), text)
}

// said is the last lines of the log.
func (p *process) said(lines int) string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
