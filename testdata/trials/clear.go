package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
)

// clear ends every process and removes what the trial made. It has its own time: the trial's context may have ended.
func (s *stage) clear() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, p := range s.procs {
		p.kill()
	}
	defer s.client.Close()
	var errs []error
	if !s.keep {
		errs = append(errs, s.clearBroker(ctx), s.clearSubjects(ctx, s.sourceRegistry), s.clearSubjects(ctx, s.sinkRegistry))
	}
	if !s.logs {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// clearBroker deletes topics and groups. A killed member stays in its group until its session ends.
func (s *stage) clearBroker(ctx context.Context) error {
	topics, err := s.admin.ListTopics(ctx)
	if err != nil {
		return err
	}
	if _, err := s.admin.DeleteTopics(ctx, s.mine(topics.Names())...); err != nil {
		return err
	}
	groups, err := s.admin.ListGroups(ctx)
	if err != nil {
		return err
	}
	for _, group := range s.mine(groups.Groups()) {
		err := await(ctx, 30*time.Second, "group "+group+" is deleted", func() (bool, error) {
			_, err := s.admin.DeleteGroup(ctx, group)
			return err == nil, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) clearSubjects(ctx context.Context, registry string) error {
	client, err := sr.NewClient(sr.URLs(registry))
	if err != nil {
		return err
	}
	subjects, err := client.Subjects(ctx)
	if err != nil {
		return err
	}
	for _, subject := range s.mine(subjects) {
		for _, how := range []sr.DeleteHow{sr.SoftDelete, sr.HardDelete} {
			if _, err := client.DeleteSubject(ctx, subject, how); err != nil {
				return err
			}
		}
	}
	return nil
}

// mine are the names that this trial made.
func (s *stage) mine(names []string) (mine []string) {
	for _, name := range names {
		if strings.HasPrefix(strings.TrimPrefix(name, groupPrefix+"."), s.name) {
			mine = append(mine, name)
		}
	}
	return mine
}
