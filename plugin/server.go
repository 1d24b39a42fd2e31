package plugin

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/riskrelay/riskrelay/enrich"
	rulemodulev1 "github.com/riskrelay/riskrelay/plugin/proto/rulemodule/v1"
)

// server is the module's side of the wire.
type server struct {
	rulemodulev1.UnimplementedRuleModuleServer
	module enrich.Module
	shapes shapes
}

func newServer(module enrich.Module) *server { return &server{module: module} }

// Describe passes the call to the module.
func (s *server) Describe(ctx context.Context, _ *rulemodulev1.DescribeRequest) (*rulemodulev1.DescribeResponse, error) {
	about, err := s.module.Describe(ctx)
	if err != nil {
		return &rulemodulev1.DescribeResponse{Problem: problem(err)}, nil
	}
	return &rulemodulev1.DescribeResponse{Description: toDescription(about)}, nil
}

// Configure passes the call to the module and adds the description that holds from now on.
func (s *server) Configure(ctx context.Context, request *rulemodulev1.ConfigureRequest) (*rulemodulev1.ConfigureResponse, error) {
	if err := s.module.Configure(ctx, fromConfig(request)); err != nil {
		return &rulemodulev1.ConfigureResponse{Problem: problem(err)}, nil
	}
	about, err := s.module.Describe(ctx)
	if err != nil {
		return nil, status.Errorf(codes.Unknown, "describe: %v", err)
	}
	return &rulemodulev1.ConfigureResponse{Description: toDescription(about)}, nil
}

// Tag passes the call to the module.
func (s *server) Tag(ctx context.Context, request *rulemodulev1.TagRequest) (*rulemodulev1.TagResponse, error) {
	events, err := s.shapes.fromEvents(request)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	lists, err := s.module.Tag(ctx, events)
	if err != nil {
		return &rulemodulev1.TagResponse{Problem: problem(err)}, nil
	}
	return &rulemodulev1.TagResponse{Lists: toLists(lists)}, nil
}

// problem is an error's text, which must say something to count as one.
func problem(err error) string {
	if text := valid(err.Error()); text != "" {
		return text
	}
	return "failed without a reason"
}
