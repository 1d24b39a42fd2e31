package plugin

// The generated code under proto is checked in, so that a build needs none of these tools.
//
//go:generate go run github.com/bufbuild/buf/cmd/buf@v1.75.0 generate proto --template proto/buf.gen.yaml --output proto
