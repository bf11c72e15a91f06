package main

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/trigger"
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
			Name: "rulebox_invocations_total", Help: "Invocations by trigger (try: unsaved code), decision and error code.",
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
func (m *metrics) watch(pool *sandbox.Pool) { m.registry.MustRegister(poolCollector{pool}) }

// poolCollector reads one snapshot of the pool for each scrape.
type poolCollector struct{ pool *sandbox.Pool }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("rulebox_"+name, help, labels, nil)
}

var (
	descWorkers   = describe("workers", "Workers now.", "state")
	descRunning   = describe("running", "Invocations in workers now.")
	descQueued    = describe("queued", "Invocations that wait for a worker now.")
	descSpawned   = describe("worker_starts_total", "Workers started.")
	descFailed    = describe("worker_start_failures_total", "Workers that did not come up.")
	descDeaths    = describe("worker_deaths_total", "Workers that ended, by why.", "cause")
	descRefused   = describe("invocations_refused_total", "Invocations that never got a worker.")
	descDials     = describe("egress_dials_total", "Connections opened for scripts.")
	descDialsNo   = describe("egress_refused_total", "Connections refused by the egress policy.")
	descDialsFail = describe("egress_failed_total", "Connections that the network refused.")
)

func (poolCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descWorkers, descRunning, descQueued, descSpawned, descFailed, descDeaths, descRefused, descDials, descDialsNo, descDialsFail} {
		ch <- d
	}
}

func (c poolCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.pool.Stats()
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(descWorkers, s.Blank, "blank")
	gauge(descWorkers, s.Leased, "leased")
	gauge(descWorkers, s.Starting, "starting")
	gauge(descRunning, s.Running)
	gauge(descQueued, s.Queued)
	count(descSpawned, s.Spawned)
	count(descFailed, s.Failed)
	for cause, n := range s.Deaths {
		count(descDeaths, n, cause)
	}
	count(descRefused, s.Refused)
	count(descDials, s.Dials)
	count(descDialsNo, s.DialsRefused)
	count(descDialsFail, s.DialsFailed)
}

const maxScrapes = 4

func (m *metrics) handler() http.Handler {
	// Anybody may ask, and each answer takes a look at the whole process.
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes})
}

// record returns the pipeline's hook: it counts, and logs one line each without
// anything of the guest's. Faults of ours are errors, of scripts warnings.
func (m *metrics) record(log *zap.Logger) func(transaction.Execution) {
	return func(e transaction.Execution) {
		code := rulebox.CodeOf(e.Err)
		m.invocations.WithLabelValues(known(e), string(e.Decision), string(code)).Inc()
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
		event := "login"
		if e.Trigger != rulebox.TriggerLogin {
			event = "trigger"
		}
		if e.Unsaved {
			event = tryTrigger
		}
		write(event, executionFields(e, code)...)
	}
}

func executionFields(e transaction.Execution, code rulebox.Code) []zap.Field {
	fields := []zap.Field{
		zap.String("id", e.ID), zap.String("tenant", e.Tenant), zap.String("trigger", triggerName(e)),
		zap.String("decision", string(e.Decision)), milliseconds("duration_ms", e.Duration), milliseconds("cpu_ms", e.Usage.CPU),
	}
	if e.Bypassed {
		fields = append(fields, zap.Bool("bypassed", true))
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

// milliseconds has the precision of microseconds, as the outcome's times do.
func milliseconds(name string, d time.Duration) zap.Field {
	return zap.Float64(name, float64(d.Microseconds())/1000)
}

// tryTrigger is what a try of unsaved code is called in logs and numbers: it is
// no login, however it went.
const tryTrigger = "try"

func triggerName(e transaction.Execution) string {
	if e.Unsaved {
		return tryTrigger
	}
	return e.Trigger
}

// known keeps the label to triggers that exist, for its values come from callers.
// Connections are tenants' own: the label has their operations.
func known(e transaction.Execution) string {
	name := triggerName(e)
	t, err := trigger.Lookup(name)
	switch {
	case name == tryTrigger:
		return name
	case err != nil:
		return "other"
	case t.Operation != "":
		return rulebox.DatabasePrefix + t.Operation
	}
	return t.Name
}
