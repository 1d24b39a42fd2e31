package splunkhec_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

// TestReplyCutAtEveryByte checks that a reply that ends too early, with a close or a reset, confirms nothing, wherever it is cut.
func TestReplyCutAtEveryByte(t *testing.T) {
	const body = `{"text":"Success","code":0}`
	for name, reply := range map[string]string{
		"with length":  fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
		"until closed": "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body,
		"chunked":      fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body),
	} {
		t.Run(name, func(t *testing.T) {
			sink, cut := cutting(t, reply)
			for n := range len(reply) {
				cut <- n
				if receipt, err := sink.Send(t.Context(), sinktest.Events(1)); err == nil {
					t.Fatalf("%d bytes of %q: confirmed %+v", n, reply, receipt)
				}
			}
			cut <- len(reply)
			if receipt, err := sink.Send(t.Context(), sinktest.Events(1)); err != nil || receipt.Events != 1 {
				t.Errorf("the whole reply: %+v, %v", receipt, err)
			}
		})
	}
}

// cutting is a sink whose collector gives only as many bytes of a reply as cut says, and every second time ends with a reset.
func cutting(t *testing.T, reply string) (sink *splunkhec.Sink, cut chan int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cut = make(chan int, 1)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			answer(conn, reply, cut)
		}
	}()
	t.Cleanup(func() { listener.Close(); <-served })
	_, config := start(t, hectest.Config{})
	config.Gzip = false
	config.URL = "http://" + listener.Addr().String()
	return newSink(t, config), cut
}

func answer(conn net.Conn, reply string, cut chan int) {
	defer conn.Close()
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	if n, _ := io.Copy(io.Discard, request.Body); n == 0 { // the sink asks whether this is a collector
		_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 27\r\n\r\n{\"text\":\"No data\",\"code\":5}")
		return
	}
	n := <-cut
	if tcp, ok := conn.(*net.TCPConn); ok && n%2 == 1 && n < len(reply) {
		_ = tcp.SetLinger(0)
	}
	_, _ = io.WriteString(conn, reply[:n])
}

// TestCollectorAsksToWait checks that no request leaves before the time that the collector asked for, whoever sends.
func TestCollectorAsksToWait(t *testing.T) {
	for _, status := range []int{429, 503, 504} {
		server, config := start(t, hectest.Config{Answer: func(hectest.Request) *hectest.Answer {
			return &hectest.Answer{Status: status, Code: 9, Text: "Server is busy", RetryAfter: "3600"}
		}})
		sink := newSink(t, config)
		for range 3 {
			_, err := sink.Send(t.Context(), sinktest.Events(1))
			if asked := new(pipeline.RetryAfter); !errors.As(err, &asked) || asked.Wait < 50*time.Minute || asked.Wait > time.Hour {
				t.Errorf("HTTP %d: %v, want to be told to wait an hour, or what is left of it", status, err)
			}
			if !strings.Contains(err.Error(), "busy") && !strings.Contains(err.Error(), "asked to wait") {
				t.Errorf("HTTP %d: %v doesn't say why", status, err)
			}
		}
		if n := server.Posts(); n != 1 {
			t.Errorf("HTTP %d: %d requests, want 1", status, n)
		}
	}
}
