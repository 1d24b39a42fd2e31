package plugin

import (
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/riskrelay/riskrelay/enrich"
)

// Serve offers module to the riskrelay that started this program, and returns or exits when riskrelay ends or asks for
// it: it is the whole main function of a module. What the module writes to standard error or output becomes lines in
// riskrelay's log. Standard input belongs to Serve. A panic in the module ends the program; riskrelay starts it again
// and goes on without the event that caused it.
func Serve(module enrich.Module) {
	words := handshake()
	if os.Getenv(words.MagicCookieKey) != words.MagicCookieValue {
		fmt.Fprintln(os.Stderr, "This program is a riskrelay rule module: it does nothing by itself. "+
			"Name its path in riskrelay's configuration, and riskrelay starts it.")
		os.Exit(1)
	}
	undumpable()
	go exitWithHost(os.Stdin)
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: words,
		Plugins:         goplugin.PluginSet{serviceName: bridge{server: newServer(module)}},
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(options, grpc.MaxRecvMsgSize(maxRequest),
				grpc.InitialWindowSize(window), grpc.InitialConnWindowSize(window))...)
		},
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr, JSONFormat: true}),
	})
}

// exitWithHost ends the program when the host does: the host holds the other end of standard input open as long as it
// lives, however it ends.
func exitWithHost(stdin io.Reader) {
	_, _ = io.Copy(io.Discard, stdin) // an error is an end, too
	os.Exit(0)
}
