package plugin

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
)

// maxGreeting is the longest first line that a module may write; the certificate in it takes about 900 bytes.
const maxGreeting = 8 << 10

// greeting is a program's standard output: the one line of go-plugin's handshake, checked, and then nothing. What
// follows is read and thrown away, so that a chatty module neither blocks nor fills anything.
// https://github.com/hashicorp/go-plugin/blob/main/docs/internals.md#handshake
type greeting struct {
	stdout *os.File
	line   []byte // what of the line is still to be read; nil before the first Read
	heard  bool

	mu  sync.Mutex
	err error // why it is no greeting
}

func newGreeting(stdout *os.File) *greeting { return &greeting{stdout: stdout} }

// Read reads the greeting, and then to the end of the output.
func (g *greeting) Read(b []byte) (int, error) {
	if !g.heard {
		g.heard = true
		g.listen()
	}
	if len(g.line) == 0 {
		if g.problem() == nil {
			_, _ = io.Copy(io.Discard, g.stdout) // an error is an end, too
		}
		return 0, io.EOF
	}
	n := copy(b, g.line)
	g.line = g.line[n:]
	return n, nil
}

// Close closes the output.
func (g *greeting) Close() error { return g.stdout.Close() }

func (g *greeting) listen() {
	line, err := bufio.NewReaderSize(g.stdout, maxGreeting).ReadSlice('\n')
	if len(line) == 0 && err != nil {
		return // it said nothing: how it ended is all there is to say
	}
	if err == nil {
		err = checkGreeting(strings.TrimSpace(string(line)))
	} else {
		err = fmt.Errorf("its first line of output, %.60q, never ends; a module greets through Serve of package plugin and prints nothing before", line)
	}
	if err != nil {
		g.mu.Lock()
		g.err = err
		g.mu.Unlock()
		return
	}
	g.line = bytes.Clone(line)
}

func (g *greeting) problem() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

// checkGreeting says what is wrong with CORE|VERSION|NETWORK|ADDRESS|grpc|CERTIFICATE.
func checkGreeting(line string) error {
	parts := strings.Split(line, "|")
	if len(parts) < 4 {
		return fmt.Errorf("its first line of output is %.60q, not a greeting; a module greets through Serve of package plugin and prints nothing before", line)
	}
	if parts[0] != "1" {
		return fmt.Errorf("it greets in version %.20q of go-plugin's handshake, this riskrelay in version 1: rebuild it with a go-plugin of today", parts[0])
	}
	if version, err := strconv.Atoi(parts[1]); err != nil || version != protocolVersion {
		return fmt.Errorf("it speaks version %.20q of the module protocol, this riskrelay version %d: rebuild it against package plugin of this riskrelay", parts[1], protocolVersion)
	}
	if len(parts) < 5 || parts[4] != "grpc" {
		return errors.New("it doesn't offer gRPC: the fifth part of its greeting has to be grpc")
	}
	if len(parts) < 6 || len(parts[5]) <= 50 { // go-plugin ignores what is shorter
		return errors.New("it offers no certificate: a module has to support go-plugin's automatic mutual TLS, " +
			"with the host's certificate from PLUGIN_CLIENT_CERT and its own as the sixth part of the greeting")
	}
	return nil
}
