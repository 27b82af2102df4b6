package dashboard

import (
	"time"

	"github.com/aggrun/aggrun/pipeline/status"
)

// This file is the rest of the table: what pipelines did, and how they get on with
// their groups and registries.

// commits are what was written.
func commits() []metric {
	return []metric{
		{"aggrun_results_total", "records", counter, nil, "Results written to sinks and committed.",
			one(func(p *status.Pipeline) float64 { return float64(p.Results) })},
		{"aggrun_dead_letters_total", "records", counter, nil, "Dead letters written and committed: bad records, and late ones under late: dead_letter.",
			one(func(p *status.Pipeline) float64 { return float64(p.Letters) })},
		{"aggrun_commits_total", "transactions", counter, nil, "Transactions that were committed.",
			one(func(p *status.Pipeline) float64 { return float64(p.Commits.Count) })},
		{"aggrun_commits_aborted_total", "transactions", counter, nil, "Transactions that came to nothing, most of them since the assignment changed: the same is tried again, and nothing is lost.",
			one(func(p *status.Pipeline) float64 { return float64(p.Aborted) })},
		{"aggrun_commits_in_doubt_total", "transactions", counter, nil, "Transactions whose outcome the client could not tell: it was asked for, or the session began anew from what the broker had.",
			one(func(p *status.Pipeline) float64 { return float64(p.InDoubt) })},
		{"aggrun_commit_duration_seconds", "seconds", histogram, nil, "How long transactions took that were committed, from the encoding of the results to the answer of the end.", nil},
	}
}

// sessions are how a pipeline and its group get on.
func sessions() []metric {
	return []metric{
		{"aggrun_pipeline_state", "0 or 1", gauge, []string{"state"},
			"1 of the state that the pipeline is in: preparing, joining, reading, standing_by (other workers have all shards), superseded (it waits while a newer version of it is at work), finished (under --until-end), ended (it was told to), or stopped (by an error).",
			func(p *status.Pipeline, _ time.Time, out *values) {
				for state := range status.States {
					out.add(truth(p.State == state), state.String())
				}
			}},
		{"aggrun_sessions_ended_total", "sessions", counter, []string{"cause"},
			"Sessions that ended before their work was done. cause is fenced (another process took the transactional id), forgotten (the group gave the member up), " +
				"torn (a shard stayed torn), in_doubt (a transaction's outcome is mixed), stopped (by what stops the pipeline), brokers (they did not answer, or not as hoped), or other.",
			func(p *status.Pipeline, _ time.Time, out *values) {
				for cause := range status.Causes {
					out.add(float64(p.Ended[cause]), cause.String())
				}
			}},
		{"aggrun_rebalances_total", "assignments", counter, nil, "Assignments that the group's leader gave this worker.",
			one(func(p *status.Pipeline) float64 { return float64(p.Synced) })},
		{"aggrun_replay_seconds_total", "seconds", counter, nil, "Time in which records were read again for open windows, to the second.",
			one(func(p *status.Pipeline) float64 { return p.Replayed.Seconds() })},
		{"aggrun_registry_errors_total", "requests", counter, []string{"registry"}, "Times that a schema registry did not answer: it was, or is, waited for. Pipelines that share a registry count alike.",
			registries(func(r *status.Registry) float64 { return float64(r.Errors) })},
		{"aggrun_registry_awaited", "0 or 1", gauge, []string{"registry"}, "1 while a schema registry does not answer and is waited for.",
			registries(func(r *status.Registry) float64 { return truth(!r.Silent.IsZero()) })},
		{"aggrun_unknown_schemas_total", "answers", counter, nil, "Times that the source registry did not know a record's schema id. The answer is believed for 10 s, and its records are bad.",
			one(func(p *status.Pipeline) float64 { return float64(p.Unknown) })},
	}
}
