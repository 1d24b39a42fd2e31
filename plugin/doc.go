// Package plugin is the boundary behind which rule modules run in processes of their own.
//
// A module's author calls [Serve] with a Go value and has a program. A host calls [New] or [Launch] with the program's
// path and has that value back as a [Process]: the same [enrich.Module], except that what goes wrong stays on the other
// side.
//
//	host                                     |  module's program
//	enrich.Enricher                          |
//	    Process     off and on, bisect       |
//	        session     one run's gRPC calls | server     gRPC calls
//	            program     exec, pipes, kill|     enrich.Module
//
// What the program may do is for package fence to say, which stands between exec and the module. The words of the wire
// are in proto/rulemodule/v1/rulemodule.proto; tests for any module are in package plugintest.
package plugin
