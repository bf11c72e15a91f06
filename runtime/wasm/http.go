package wasm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Bounds on one request of a plug-in.
const (
	maxResponse = 10 << 20 // bytes of the body
	maxHops     = 10       // redirects
)

var (
	errHTTPRequest = errors.New(`http_request: the request is not JSON of the form {"url":"https://…","method":"GET","headers":{}}`)
	errHTTPBody    = fmt.Errorf("http_request: the response has more than %d MiB", maxResponse>>20)
	errHTTPNone    = errors.New("http_request: there is no network here")
)

// httpRequest sends one request and waits. What stops it from being sent (no
// connection, an address that is not allowed) ends the plug-in with an error, as
// in other hosts of the interface; any status is an answer.
func (r *run) httpRequest(s []uint64) error {
	r.status, r.headers = 0, nil
	text, err := r.mem.whole(s[0])
	if err != nil {
		return err
	}
	body, err := r.mem.whole(s[1])
	if err != nil {
		return err
	}
	var q struct {
		URL     string            `json:"url"`
		Method  string            `json:"method"`
		Headers map[string]string `json:"headers"`
	}
	if json.Unmarshal(text, &q) != nil {
		return errHTTPRequest
	}
	u, err := url.Parse(q.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("http_request: url %s is no absolute http or https URL", clip(q.URL))
	}
	if q.Method == "" {
		q.Method = http.MethodGet
	}
	if r.in.HTTP == nil {
		return errHTTPNone
	}
	req, err := http.NewRequestWithContext(r.ctx, strings.ToUpper(q.Method), q.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("http_request: %w", err)
	}
	for k, v := range q.Headers {
		req.Header.Set(k, v)
	}
	client := http.Client{Transport: r.in.HTTP, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > maxHops {
			return fmt.Errorf("more than %d redirects", maxHops)
		}
		return nil
	}}
	var res *http.Response
	var answer []byte
	err = r.wait(func() (err error) {
		if res, err = client.Do(req); err == nil {
			defer res.Body.Close()
			answer, err = io.ReadAll(io.LimitReader(res.Body, maxResponse+1))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("http_request: %w", err)
	}
	if len(answer) > maxResponse {
		return errHTTPBody
	}
	r.status, r.headers = res.StatusCode, make(map[string]string, len(res.Header))
	for k, v := range res.Header {
		r.headers[strings.ToLower(k)] = strings.Join(v, ", ")
	}
	s[0], err = r.mem.put(answer)
	return err
}
