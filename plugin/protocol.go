package plugin

import (
	"context"
	"errors"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	rulemodulev1 "github.com/riskrelay/riskrelay/plugin/proto/rulemodule/v1"
)

// protocolVersion is the version of rulemodule.proto. A change that an older module or host would misread gets a new
// number and a new package beside v1.
const protocolVersion = 1

// serviceName is what go-plugin calls the one service that a module offers.
const serviceName = "rulemodule"

// maxRequest is the largest message that Serve takes: a configuration of rule files, or one giant row.
const maxRequest = 64 << 20

// window is how many bytes may be under way on a connection before the reader has to ask for more. gRPC's 64 KiB would
// make a batch wait for its reader several times.
const window = 1 << 20

// handshake are the words by which a program sees that it was started as a module. They protect nobody; they let
// Serve explain itself to a person who starts a module by hand.
func handshake() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{
		ProtocolVersion:  protocolVersion,
		MagicCookieKey:   "RISKRELAY_MODULE",
		MagicCookieValue: "rule module",
	}
}

// bridge is the service in go-plugin's words, for both sides.
type bridge struct {
	goplugin.NetRPCUnsupportedPlugin
	server *server // nil in the host
}

var _ goplugin.GRPCPlugin = bridge{}

// GRPCServer puts the service onto the module's gRPC server.
func (b bridge) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	if b.server == nil {
		return errors.New("nothing to serve")
	}
	rulemodulev1.RegisterRuleModuleServer(s, b.server)
	return nil
}

// GRPCClient returns the host's client for the service.
func (b bridge) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return rulemodulev1.NewRuleModuleClient(conn), nil
}
