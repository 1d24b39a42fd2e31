package endpoint

import (
	"io"
	"net/http"
	"sync"
)

// lend sends request over transport. A transport may go on reading a request's body after it has returned, such as when a
// receiver answers before it has read everything (https://pkg.go.dev/net/http#RoundTripper). Lend waits until that has ended
// before it returns an error, and the response's body does before it is closed: then the memory can hold another body.
func lend(request *http.Request, transport http.RoundTripper) (*http.Response, error) {
	if request.Body == nil {
		return transport.RoundTrip(request)
	}
	var lent sync.WaitGroup
	out := *request // a transport may not change the request that it is given
	out.Body = lendBody(&lent, request.Body)
	if again := request.GetBody; again != nil {
		out.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil {
				return nil, err
			}
			return lendBody(&lent, body), nil
		}
	}
	response, err := transport.RoundTrip(&out)
	if err != nil {
		lent.Wait()
		return nil, err
	}
	response.Body = &answered{response.Body, &lent}
	return response, nil
}

// lentBody is a request's body that a transport has.
type lentBody struct {
	io.Reader
	close func() error
}

func lendBody(lent *sync.WaitGroup, body io.ReadCloser) *lentBody {
	lent.Add(1)
	return &lentBody{body, sync.OnceValue(func() error {
		defer lent.Done()
		return body.Close()
	})}
}

// Close implements io.Closer.
func (b *lentBody) Close() error { return b.close() }

// answered is a response's body. Its request's is given back once it is closed.
type answered struct {
	io.ReadCloser
	lent *sync.WaitGroup
}

// Close implements io.Closer.
func (a *answered) Close() error {
	err := a.ReadCloser.Close() // which ends the writing of the request, too
	a.lent.Wait()
	return err
}
