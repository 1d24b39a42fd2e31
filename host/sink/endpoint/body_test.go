package endpoint

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// The race detector fails these tests when a body is filled anew while it is still being read.
func TestBodiesAreNotReadAnyMoreWhenTheyAreGivenBack(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"answered at once": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"answered at once, with a text": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "server is busy", http.StatusServiceUnavailable)
		},
		"cut off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, handle := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handle)
			defer server.Close()
			client := HTTPClient(TLS{}, Proxy{})
			defer client.CloseIdleConnections()
			var bodies Bodies
			plain := bytes.Repeat([]byte("a row\n"), MaxKept/6)
			for range 5 {
				post(t.Context(), t, client, server.URL, &bodies, plain)
			}
		})
	}
}

func TestABodyIsNotReadAnyMoreWhenItsRequestWasGivenUp(t *testing.T) {
	ends := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-ends }))
	defer server.Close()
	defer close(ends)
	client := HTTPClient(TLS{}, Proxy{})
	defer client.CloseIdleConnections()
	var bodies Bodies
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		post(ctx, t, client, server.URL, &bodies, make([]byte, MaxKept))
		cancel()
	}
}

func post(ctx context.Context, t *testing.T, client *http.Client, url string, bodies *Bodies, plain []byte) {
	t.Helper()
	packed := bodies.Pack(plain, false)
	defer bodies.Put(packed)
	request, err := http.NewRequestWithContext(packed.Lend(ctx), http.MethodPost, url, bytes.NewReader(packed.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if response, err := client.Do(request); err == nil {
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHugeBodiesAreNotKept(t *testing.T) {
	var bodies Bodies
	for _, size := range []int{1, MaxKept + 1} {
		bodies.Put(bodies.Pack(make([]byte, size), false))
		if kept := bodies.free.Get(); (kept.Cap() > 0) != (size == 1) {
			t.Errorf("of a body of %d bytes, %d are kept", size, kept.Cap())
		}
	}
}

func TestBodiesThatWereSentAreUsedAgain(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	client := HTTPClient(TLS{}, Proxy{})
	defer client.CloseIdleConnections()
	var bodies Bodies
	for { // once would do, if the answer never came before the transport has noted that all is written
		post(t.Context(), t, client, server.URL, &bodies, make([]byte, 1<<20))
		if kept := bodies.free.Get(); kept.Cap() > 0 {
			return
		}
	}
}
