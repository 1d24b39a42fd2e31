package endpoint

import (
	"bytes"
	"context"
	"io"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
)

// MaxKept is the largest memory, in bytes, that is kept to be used again: one huge event may not take its own for ever.
const MaxKept = 4 << 20

// gzipLevel is where more effort stops paying: level 2 makes bodies 11 % smaller than level 1 for 2 % more time.
const gzipLevel = 2

// Bodies are bodies of requests that are used again. The zero value is ready; its methods may be called at the same time.
type Bodies struct {
	free Free[Body]
	zips Free[zip] // a body has one only while it is made: a request takes longer, and a writer is as large as a body
}

// Body is a request's body.
type Body struct {
	bytes.Buffer
	lent atomic.Int64 // how many connections may still read it
}

// Lend returns the context for requests that send b. A transport may go on reading a request's body after it has returned, as
// when a receiver answers before it has read everything (https://pkg.go.dev/net/http#RoundTripper): Put has to know of that.
func (b *Body) Lend(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { b.lent.Add(1) },
		WroteRequest: func(httptrace.WroteRequestInfo) { b.lent.Add(-1) },
	})
}

// zip compresses.
type zip struct{ *gzip.Writer }

// Pack returns a body that holds plain, compressed if so wanted. Lend lends it to requests, Put gives it back.
func (p *Bodies) Pack(plain []byte, compress bool) *Body {
	b := p.free.Get()
	b.Reset()
	if !compress {
		b.Write(plain)
		return b
	}
	z := p.zips.Get()
	if z.Writer == nil {
		z.Writer, _ = gzip.NewWriterLevel(&b.Buffer, gzipLevel) // fails only for an unknown level
	} else {
		z.Reset(&b.Buffer)
	}
	_, _ = z.Write(plain) // a bytes.Buffer takes everything
	_ = z.Close()
	z.Reset(io.Discard) // else the writer would keep the body, which may be huge
	p.zips.Put(z)
	return b
}

// Put gives a body back, which nobody may use then, except connections that still send it: then it isn't used again.
func (p *Bodies) Put(b *Body) {
	if b.Cap() <= MaxKept && b.lent.Load() == 0 {
		p.free.Put(b)
	}
}
