// Command readers runs receivers of the OpenTelemetry Collector, without the collector around them: what they read goes
// to a file as lines of OTLP's JSON, one a batch. The end-to-end tests send to them, so that others than ourselves judge
// what riskrelay sends. It is a module of its own to keep its dependencies out of the product's.
//
//	readers splunk_hec|syslog CONFIG OUT
//
// CONFIG is the receiver's configuration as in the collector, as JSON. The HEC receiver finds an extension "ack" for
// acknowledgements. The program ends when it is asked to (SIGTERM), and has then written all that it took.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/ackextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/splunkhecreceiver"
	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/syslogreceiver"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	metrics "go.opentelemetry.io/otel/metric/noop"
	traces "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "readers:", err)
		os.Exit(1)
	}
}

// extensions are what a receiver may ask the collector for.
type extensions map[component.ID]component.Component

// GetExtensions implements component.Host.
func (e extensions) GetExtensions() map[component.ID]component.Component { return e }

func run(args []string) (err error) {
	if len(args) != 3 {
		return errors.New("want a receiver, the file with its configuration, and the file to write")
	}
	factories := map[string]receiver.Factory{"splunk_hec": splunkhecreceiver.NewFactory(), "syslog": syslogreceiver.NewFactory()}
	factory := factories[args[0]]
	if factory == nil {
		return fmt.Errorf("there is no receiver %q", args[0])
	}
	out, err := os.Create(args[2])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	telemetry, err := telemetry()
	if err != nil {
		return err
	}
	ack, err := ackextension.NewFactory().Create(ctx, extension.Settings{ID: component.MustNewID("ack"), TelemetrySettings: telemetry},
		ackextension.NewFactory().CreateDefaultConfig())
	if err != nil {
		return err
	}
	logs, err := newReceiver(ctx, factory, args[1], telemetry, out)
	if err != nil {
		return err
	}
	host := extensions{component.MustNewID("ack"): ack}
	for _, c := range []component.Component{ack, logs} {
		if err := c.Start(ctx, host); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.Shutdown(context.Background())) }()
	}
	<-ctx.Done()
	return nil
}

// telemetry has the receivers say on stderr what they warn of, and keeps nothing else.
func telemetry() (component.TelemetrySettings, error) {
	config := zap.NewProductionConfig()
	config.Level.SetLevel(zap.WarnLevel)
	logger, err := config.Build()
	return component.TelemetrySettings{Logger: logger, TracerProvider: traces.NewTracerProvider(), MeterProvider: metrics.NewMeterProvider()}, err
}

// newReceiver is a receiver that is configured by the file and writes to out.
func newReceiver(ctx context.Context, factory receiver.Factory, file string, telemetry component.TelemetrySettings, out *os.File) (receiver.Logs, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var keys map[string]any
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	config := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(keys).Unmarshal(config); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	consume, err := consumer.NewLogs(writer(out))
	if err != nil {
		return nil, err
	}
	return factory.CreateLogs(ctx, receiver.Settings{ID: component.NewID(factory.Type()), TelemetrySettings: telemetry}, config, consume)
}

// writer appends each batch of records to out as a line.
func writer(out *os.File) consumer.ConsumeLogsFunc {
	var mu sync.Mutex
	return func(_ context.Context, batch plog.Logs) error {
		text, err := new(plog.JSONMarshaler).MarshalLogs(batch)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		_, err = out.Write(append(text, '\n'))
		return err
	}
}
