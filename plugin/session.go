package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/riskrelay/riskrelay/enrich"
	rulemodulev1 "github.com/riskrelay/riskrelay/plugin/proto/rulemodule/v1"
)

// maxHeaders bounds the header of a reply, which holds the text of a failed call.
const maxHeaders = 64 << 10

// lostError says that a call failed, and the session with it, for a reason that may lie in an event of the call.
type lostError struct{ reason error }

func (e *lostError) Error() string { return e.reason.Error() }

// Unwrap returns the reason.
func (e *lostError) Unwrap() error { return e.reason }

// lateError says that a call had no answer in time, and that the session is over.
type lateError struct{ limit time.Duration }

func (e *lateError) Error() string { return fmt.Sprintf("no answer within %v", e.limit) }

// session is one run of a module's program with a connection to it.
type session struct {
	options *Options
	program *program
	client  *goplugin.Client
	rpc     rulemodulev1.RuleModuleClient
	columns []string // to send with events, all when empty

	// connection is the one that go-plugin has made, nil before its first use. When the program ends at once, go-plugin forgets it
	// without closing it, and it tries to connect for ever.
	connection atomic.Pointer[grpc.ClientConn]
}

// start starts the program, waits for its greeting, connects and asks for its description.
func start(ctx context.Context, exe *executable, o *Options) (*session, enrich.Description, error) {
	limited, cancel := context.WithTimeout(ctx, o.StartTimeout)
	defer cancel()
	s := &session{options: o}
	about, err := s.open(limited, exe)
	if err == nil {
		return s, about, nil
	}
	s.abandon()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	} else {
		err = s.explain(limited, err)
	}
	return nil, enrich.Description{}, fmt.Errorf("start module %s: %w", exe.path, err)
}

func (s *session) open(ctx context.Context, exe *executable) (about enrich.Description, err error) {
	release := func() bool { return true }
	defer func() { release() }()
	s.client = goplugin.NewClient(s.clientConfig(exe, func() { release = context.AfterFunc(ctx, s.program.kill) }))
	protocol, err := s.client.Client()
	if err != nil {
		return about, err
	}
	service, err := protocol.Dispense(serviceName)
	if err != nil {
		return about, err
	}
	s.rpc = service.(rulemodulev1.RuleModuleClient)
	response, err := s.rpc.Describe(ctx, &rulemodulev1.DescribeRequest{})
	if err != nil {
		return about, fmt.Errorf("describe: %w", s.plain(err))
	}
	if response.GetProblem() != "" {
		return about, &answerError{fmt.Errorf("describe: %s", response.GetProblem())}
	}
	if about, err = s.describe(response.GetDescription()); err != nil {
		return about, &answerError{err}
	}
	return about, nil
}

// answerError is about what the program answered: how it ended afterwards explains nothing.
type answerError struct{ reason error }

func (e *answerError) Error() string { return e.reason.Error() }

// Unwrap returns the reason.
func (e *answerError) Unwrap() error { return e.reason }

func (s *session) clientConfig(exe *executable, started func()) *goplugin.ClientConfig {
	o := s.options
	return &goplugin.ClientConfig{
		HandshakeConfig:  handshake(),
		Plugins:          goplugin.PluginSet{serviceName: bridge{}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		StartTimeout:     o.StartTimeout,
		Logger:           hclog.NewNullLogger(), // what it would say is said here in errors
		SyncStdout:       newLines(o.talk),
		SyncStderr:       newLines(o.talk),
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: o.Dir},
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(o.MaxReply)),
			grpc.WithMaxHeaderListSize(maxHeaders),
			grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window),
			grpc.WithChainStreamInterceptor(s.noteConnection),
		},
		RunnerFunc: func(_ hclog.Logger, spec *exec.Cmd, socketDir string) (runner.Runner, error) {
			p, err := exe.program(o, append(slices.Clone(o.Env), spec.Env...), socketDir)
			if err != nil {
				return nil, err
			}
			p.started = started
			s.program = p
			return p, nil
		},
	}
}

// noteConnection opens a stream as grpc does. go-plugin opens one before it hands the connection on.
func (s *session) noteConnection(
	ctx context.Context, about *grpc.StreamDesc, connection *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	s.connection.Store(connection)
	return open(ctx, about, connection, method, options...)
}

// disconnect closes the connection, which may have been closed.
func (s *session) disconnect() {
	if connection := s.connection.Load(); connection != nil {
		_ = connection.Close()
	}
}

// explain says for people why a start failed, after the program has ended.
func (s *session) explain(ctx context.Context, err error) error {
	if answer := new(answerError); errors.As(err, &answer) || s.program == nil || s.program.cmd.Process == nil {
		return err
	}
	if problem := s.program.greeting.problem(); problem != nil {
		return problem
	}
	if ctx.Err() != nil {
		return fmt.Errorf("it was not ready within %v", s.options.StartTimeout)
	}
	if obituary := s.program.obituary(); obituary != nil {
		return obituary
	}
	return err
}

// describe checks and returns a description, and sends events as it asks from now on.
func (s *session) describe(d *rulemodulev1.Description) (enrich.Description, error) {
	about := fromDescription(d)
	if err := checkDescription(about); err != nil {
		return about, fmt.Errorf("its description is refused: %w", err)
	}
	s.columns = about.Selector.Columns
	return about, nil
}

// configureTime is how long a module may take for a new configuration: ten thousand rules compile in a few seconds.
const configureTime = time.Minute

// Configure hands over a configuration and returns the description that holds from now on. Nothing else may be called
// meanwhile. When it isn't certain that an error changed nothing, the session is over.
func (s *session) Configure(ctx context.Context, config enrich.Config) (enrich.Description, error) {
	call, cancel := context.WithTimeout(ctx, configureTime)
	defer cancel()
	response, err := s.rpc.Configure(call, toConfig(config))
	if err != nil {
		err = s.failed(ctx, call, configureTime, err)
	} else if response.GetProblem() != "" {
		return enrich.Description{}, errors.New(response.GetProblem())
	}
	var about enrich.Description
	if err == nil {
		about, err = s.describe(response.GetDescription())
	}
	if err != nil {
		s.program.kill()
		return about, fmt.Errorf("configure the module: %w", err)
	}
	return about, nil
}

// Tag asks about events, in as many calls as their size takes, which have to be answered within TagTimeout, all together.
// A *lostError or a *lateError says that the session is over.
func (s *session) Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	call, cancel := context.WithTimeout(ctx, s.options.TagTimeout)
	defer cancel()
	lists := make([][]enrich.Tag, 0, len(events))
	for len(events) > 0 {
		request, n := toEvents(events, s.columns)
		response, err := s.rpc.Tag(call, request)
		if err != nil {
			return nil, s.failed(ctx, call, s.options.TagTimeout, err)
		}
		some, err := answered(response, n)
		if err != nil {
			return nil, err
		}
		lists, events = append(lists, some...), events[n:]
	}
	return lists, nil
}

// answered checks and returns what was said of n events.
func answered(response *rulemodulev1.TagResponse, n int) ([][]enrich.Tag, error) {
	if response.GetProblem() != "" {
		return nil, errors.New(response.GetProblem())
	}
	lists := fromLists(response.GetLists())
	return lists, checkLists(lists, n)
}

// failed makes an error of a call's failure, and ends the session when it is of no use any more.
func (s *session) failed(ctx, call context.Context, limit time.Duration, err error) error {
	code := status.Code(err)
	switch {
	case ctx.Err() != nil:
		if held(context.Cause(ctx)) { // nobody else would end what doesn't answer
			s.program.kill()
		}
		return context.Cause(ctx)
	case call.Err() != nil || code == codes.DeadlineExceeded:
		s.program.kill()
		return &lateError{limit}
	case code == codes.ResourceExhausted:
		s.program.kill()
		return &lostError{fmt.Errorf("a message is too large (replies may have %d bytes): %w", s.options.MaxReply, s.plain(err))}
	case code == codes.Unavailable || s.program.ended():
		return &lostError{s.mourn(err)}
	}
	return s.plain(err)
}

// mourn says why the connection broke.
func (s *session) mourn(err error) error {
	timer := time.NewTimer(lastWords)
	defer timer.Stop()
	select {
	case <-s.program.done:
	case <-timer.C: // it lives, but doesn't listen
	}
	s.program.kill()
	if obituary := s.program.obituary(); obituary != nil {
		return obituary
	}
	return s.plain(err)
}

// plain is a gRPC error in the words of its author.
func (s *session) plain(err error) error {
	if st, ok := status.FromError(err); ok {
		return fmt.Errorf("%s (gRPC %v)", st.Message(), st.Code())
	}
	return err
}

// Over reports whether the program has ended.
func (s *session) Over() bool { return s.program.ended() }

// Close asks the program to end, makes it after a second, and lets go of everything.
func (s *session) Close() {
	s.program.stop()
	s.client.Kill() // finds the program dead and cleans up
	s.disconnect()
	_ = os.RemoveAll(s.program.socketDir)
}

// abandon lets go of what there is after a start that failed.
func (s *session) abandon() {
	if s.program == nil {
		return
	}
	if s.rpc != nil {
		s.Close()
		return
	}
	if s.program.cmd.Process != nil {
		s.program.kill()
	}
	s.disconnect()
	_ = os.RemoveAll(s.program.socketDir)
}
