package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/sandbox"
	"github.com/rulebox/rulebox/transaction"
)

// metrics are the node's numbers. Tenants are no label: there may be thousands;
// the log has them.
type metrics struct {
	registry                      *prometheus.Registry
	invocations                   *prometheus.CounterVec
	seconds, queueSeconds, cpuSec prometheus.Histogram
}

func newMetrics() *metrics {
	buckets := prometheus.ExponentialBuckets(0.0001, 2.5, 14)
	m := &metrics{
		registry: prometheus.NewRegistry(),
		invocations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rulebox_invocations_total", Help: "Invocations by trigger, decision and error code.",
		}, []string{"trigger", "decision", "code"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rulebox_invocation_seconds", Help: "Time of an invocation in the pipeline.", Buckets: buckets}),
		queueSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rulebox_invocation_queue_seconds", Help: "Time before a worker took the invocation.", Buckets: buckets}),
		cpuSec: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rulebox_invocation_cpu_seconds", Help: "Time of an invocation on a worker's processor.", Buckets: buckets}),
	}
	m.registry.MustRegister(m.invocations, m.seconds, m.queueSeconds, m.cpuSec,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// watch adds the pool's own counts.
func (m *metrics) watch(pool *sandbox.Pool) {
	for _, c := range []struct {
		name, help string
		gauge      bool
		value      func(sandbox.Stats) float64
	}{
		{"rulebox_workers_warm", "Blank workers that are ready.", true, func(s sandbox.Stats) float64 { return float64(s.Warm) }},
		{"rulebox_workers_leased", "Workers that belong to tenants.", true, func(s sandbox.Stats) float64 { return float64(s.Leased) }},
		{"rulebox_inflight", "Invocations in workers.", true, func(s sandbox.Stats) float64 { return float64(s.Inflight) }},
		{"rulebox_queued", "Invocations that wait for a worker.", true, func(s sandbox.Stats) float64 { return float64(s.Queued) }},
		{"rulebox_worker_starts_total", "Workers started.", false, func(s sandbox.Stats) float64 { return float64(s.Starts) }},
		{"rulebox_worker_kills_total", "Workers killed for breaking a limit.", false, func(s sandbox.Stats) float64 { return float64(s.Kills) }},
		{"rulebox_worker_deaths_total", "Workers that died by themselves.", false, func(s sandbox.Stats) float64 { return float64(s.Deaths) }},
		{"rulebox_egress_refused_total", "Dials refused by the egress policy.", false, func(s sandbox.Stats) float64 { return float64(s.DialsRefused) }},
	} {
		read := func() float64 { return c.value(pool.Stats()) }
		if c.gauge {
			m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: c.name, Help: c.help}, read))
		} else {
			m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: c.name, Help: c.help}, read))
		}
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// record returns the pipeline's hook: it counts, and logs one line each without
// anything of the guest's. Faults of ours are errors, of scripts warnings.
func (m *metrics) record(log *zap.Logger) func(transaction.Execution) {
	return func(e transaction.Execution) {
		code := rulebox.CodeOf(e.Err)
		m.invocations.WithLabelValues(known(e.Trigger), string(e.Decision), string(code)).Inc()
		m.seconds.Observe(e.Duration.Seconds())
		m.queueSeconds.Observe(e.Usage.Queue.Seconds())
		m.cpuSec.Observe(e.Usage.CPU.Seconds())
		if e.Tenant == healthTenant && e.Err == nil {
			return
		}
		write := log.Info
		switch {
		case code == rulebox.CodeInternal, code == rulebox.CodeUnavailable:
			write = log.Error
		case e.Decision == rulebox.Fault:
			write = log.Warn
		}
		write("login", executionFields(e, code)...)
	}
}

func executionFields(e transaction.Execution, code rulebox.Code) []zap.Field {
	fields := []zap.Field{
		zap.String("id", e.ID), zap.String("tenant", e.Tenant), zap.String("trigger", e.Trigger),
		zap.String("decision", string(e.Decision)), zap.Duration("duration", e.Duration), zap.Duration("cpu", e.Usage.CPU),
	}
	if code == "" {
		return fields
	}
	fields = append(fields, zap.String("code", string(code)))
	if e, ok := e.Err.(*rulebox.Error); ok {
		if e.Script != "" {
			fields = append(fields, zap.String("script", e.Script))
		}
		if e.Cause != nil {
			fields = append(fields, zap.NamedError("cause", e.Cause))
		}
	}
	return fields
}

// known keeps the label to triggers that exist: its values come from callers.
func known(trigger string) string {
	if trigger == rulebox.TriggerLogin {
		return trigger
	}
	return "other"
}
