package admin

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// metric is one metric: how it is called, what it says, and how it is read from a snapshot.
type metric struct {
	name   string
	kind   prometheus.ValueType
	labels []string
	help   string
	read   func(s Snapshot, give giveFunc)
}

// giveFunc takes one value, with the values of the labels in their order.
type giveFunc func(value float64, labels ...string)

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

// list is all metrics but those about the build. Names and labels are a contract with dashboards and alerts.
func list() []metric {
	var all []metric
	return append(append(append(append(all, hostMetrics()...), streamMetrics()...), sinkMetrics()...), append(append(certificateMetrics(), ruleMetrics()...), lookupMetrics()...)...)
}

func hostMetrics() []metric {
	return []metric{
		{"riskrelay_ready", gauge, nil, "1 when /readyz says so, otherwise 0.", func(s Snapshot, give giveFunc) {
			give(truth(len(s.Problems()) == 0))
		}},
		{"riskrelay_stuck", gauge, nil, "1 when something stands still without even failing, which ends the feeding of systemd's watchdog.", func(s Snapshot, give giveFunc) {
			give(truth(s.Stuck()))
		}},
		{"riskrelay_window_splits_total", counter, nil, "Windows that were cut in halves, as one query could not answer them.", func(s Snapshot, give giveFunc) {
			give(float64(s.Figures.Splits))
		}},
		{"riskrelay_unreadable_lines_total", counter, nil, "Lines of files that are no rows; they went to the dead letters.", func(s Snapshot, give giveFunc) {
			give(float64(s.Figures.Unreadable))
		}},
		{"riskrelay_failures_total", counter, nil, "Failed plans, reads, writes of the ledger and calls of modules, all together.", func(s Snapshot, give giveFunc) {
			give(float64(s.Figures.Failures))
		}},
	}
}

func streamMetrics() []metric {
	one := []string{"stream"}
	return []metric{
		{"riskrelay_stream_rows_read_total", counter, one, "Rows read and tagged. A window that is read again counts again.", streams(func(f pipeline.StreamFigures) (float64, bool) {
			return float64(f.Read), true
		})},
		{"riskrelay_stream_late_rows_total", counter, one, "Rows that an audit found behind the window of their minute, and that were read again.", streams(func(f pipeline.StreamFigures) (float64, bool) {
			return float64(f.Late), true
		})},
		{"riskrelay_stream_mended_rows_total", counter, one, "Rows with text that isn't UTF-8, for which U+FFFD stands.", streams(func(f pipeline.StreamFigures) (float64, bool) {
			return float64(f.Mended), true
		})},
		{"riskrelay_rows_unknown_time_total", counter, one, "Rows without a time, or with one that can not be read: no condition of a rule on time or hours holds for them. The log tells the first of each stream.", streams(func(f pipeline.StreamFigures) (float64, bool) {
			return float64(f.Untimed), true
		})},
		{"riskrelay_stream_schema_changes_total", counter, one, "Columns of the stream's table that came, went, or have another name or type. The log names them.", streams(func(f pipeline.StreamFigures) (float64, bool) {
			return float64(f.Changed), true
		})},
		{"riskrelay_stream_rows_tagged_total", counter, one, "Of the rows read, those that a rule matched.", streams(func(f pipeline.StreamFigures) (float64, bool) {
			return float64(f.Tagged), true
		})},
		{"riskrelay_stream_failures_total", counter, one, "Failed plans and reads of the stream, and failed writes of its part of the ledger.", streams(func(f pipeline.StreamFigures) (float64, bool) {
			return float64(f.Failures), true
		})},
		{"riskrelay_stream_last_success_timestamp_seconds", gauge, one, "When rows were last read, or there were none to read.", streams(func(f pipeline.StreamFigures) (float64, bool) {
			return seconds(f.Success)
		})},
		{"riskrelay_stream_event_lag_seconds", gauge, one, "How old the newest event of the last batch was when it was read, in event time.", streams(func(f pipeline.StreamFigures) (float64, bool) {
			return max(0, f.EventLag.Seconds()), f.EventLag != 0
		})},
		{"riskrelay_stream_ingestion_lag_seconds", gauge, []string{"stream", "sink"}, "How far back, in ingestion time, the sink has confirmed everything. Not given for streams without ingestion times.", perSink(func(s Snapshot, stream, sink string) (float64, bool) {
			through := ingested(stream, s.States[stream].ConfirmedThrough(sink))
			return lag(s.Now, through), !through.IsZero()
		})},
		{"riskrelay_stream_lost_seconds", gauge, one, "How much time of ingestion, of the latest 20 stretches, the workspace had deleted before it was read. It stays, as the rows do not come back.", func(s Snapshot, give giveFunc) {
			for name, state := range s.States {
				var lost time.Duration
				for _, stretch := range state.Lost {
					lost += stretch.To.Sub(stretch.From)
				}
				give(lost.Seconds(), name)
			}
		}},
		{"riskrelay_stream_windows_open", gauge, []string{"stream", "sink"}, "Windows that the sink still needs.", perSink(func(s Snapshot, stream, sink string) (float64, bool) {
			return float64(s.States[stream].Waiting(sink)), true
		})},
		{"riskrelay_stream_windows_abandoned", gauge, []string{"stream", "sink"}, "Windows that wait for a sink that isn't configured any more. Given only while there are any.", func(s Snapshot, give giveFunc) {
			for stream, state := range s.States {
				for sink, b := range state.Abandoned(sorted(s.Sinks)) {
					give(float64(b.Windows), stream, sink)
				}
			}
		}},
	}
}

func sinkMetrics() []metric {
	one := []string{"sink"}
	return []metric{
		{"riskrelay_sink_events_confirmed_total", counter, one, "Events that the sink confirmed.", sinks(func(c pipeline.Count, _ pipeline.HealthReport) (float64, bool) {
			return float64(c.Confirmed), true
		})},
		{"riskrelay_sink_events_dead_lettered_total", counter, one, "Events that the sink refused for good; they went to the dead letters.", sinks(func(c pipeline.Count, _ pipeline.HealthReport) (float64, bool) {
			return float64(c.Dead), true
		})},
		{"riskrelay_sink_events_retried_total", counter, one, "Events in sends that failed, which are tried again. An event counts once for each failure.", sinks(func(_ pipeline.Count, h pipeline.HealthReport) (float64, bool) {
			return float64(h.Retried), true
		})},
		{"riskrelay_sink_send_failures_total", counter, one, "Sends that failed, and failed tries to write what was refused to the dead letters.", sinks(func(_ pipeline.Count, h pipeline.HealthReport) (float64, bool) {
			return float64(h.Failures), true
		})},
		{"riskrelay_sink_events_shortened_total", counter, one, "Events that the sink took, but shortened, as they are too long for it.", sinks(func(_ pipeline.Count, h pipeline.HealthReport) (float64, bool) {
			return float64(h.Shortened), true
		})},
		{"riskrelay_sink_copies_missing_total", counter, one, "Of those, events whose whole copy could not be kept in the dead letters.", sinks(func(_ pipeline.Count, h pipeline.HealthReport) (float64, bool) {
			return float64(h.Uncopied), true
		})},
		{"riskrelay_sink_up", gauge, one, "1 when the last send worked or there was none, otherwise 0.", sinks(func(_ pipeline.Count, h pipeline.HealthReport) (float64, bool) {
			return truth(h.Err == nil), true
		})},
		{"riskrelay_sink_last_success_timestamp_seconds", gauge, one, "When a send last worked. Not given before the first.", sinks(func(_ pipeline.Count, h pipeline.HealthReport) (float64, bool) {
			return seconds(h.Success)
		})},
	}
}

func streams(value func(pipeline.StreamFigures) (float64, bool)) func(Snapshot, giveFunc) {
	return func(s Snapshot, give giveFunc) {
		for name, f := range s.Figures.Streams {
			if v, ok := value(f); ok {
				give(v, name)
			}
		}
	}
}

func perSink(value func(s Snapshot, stream, sink string) (float64, bool)) func(Snapshot, giveFunc) {
	return func(s Snapshot, give giveFunc) {
		for stream := range s.States {
			for sink := range s.Sinks {
				if v, ok := value(s, stream, sink); ok {
					give(v, stream, sink)
				}
			}
		}
	}
}

func sinks(value func(pipeline.Count, pipeline.HealthReport) (float64, bool)) func(Snapshot, giveFunc) {
	return func(s Snapshot, give giveFunc) {
		for name, health := range s.Sinks {
			if v, ok := value(s.Figures.Sinks[name], health); ok {
				give(v, name)
			}
		}
	}
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// seconds is a Unix time; ok is false when there is none.
func seconds(t time.Time) (value float64, ok bool) {
	return float64(t.UnixMilli()) / float64(time.Second/time.Millisecond), !t.IsZero()
}
