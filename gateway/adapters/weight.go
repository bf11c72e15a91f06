package adapters

import (
	"encoding/json"
	"net/http"

	"github.com/rulebox/rulebox"
)

// What JSON takes in memory once it is decoded, beside its text, at most and about,
// in bytes: an object with a member, an array, and what follows a comma.
const (
	objectWeight = 400
	arrayWeight  = 48
	commaWeight  = 112
)

// maxWeight bounds a body, in bytes: there is no room for a heavier one, however long
// its sender waits.
const maxWeight = 48 << 20

// weight is what the text may take in memory when it is decoded: a megabyte of small
// objects is fifty of maps.
func weight(text []byte) int64 {
	n := int64(len(text))
	for _, c := range text {
		switch c {
		case '{':
			n += objectWeight
		case '[':
			n += arrayWeight
		case ',':
			n += commaWeight
		}
	}
	return n
}

// reserve takes the room that the body needs once it is decoded, unless that is
// little. It is asked for after the proof: strangers must not take it for what nobody
// decodes.
func (c *call) reserve() (give func(), err error) {
	if c.Admit == nil || weight(c.body) <= firstRoom {
		return func() {}, nil
	}
	n := weight(c.body)
	if n > maxWeight {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body has so many objects and members that it would take %d MiB of memory; at most %d are given", n>>20, maxWeight>>20)
	}
	// Not the request itself, whose length says less.
	return c.Admit(&http.Request{ContentLength: -1}, c.tenant, n-int64(len(c.body)))
}

// lightResult is the weight of results that are decoded at once, in bytes. Heavier
// ones take turns, one at a time in the process: their scripts have run, so it is too
// late to refuse them.
const lightResult = 1 << 20

var heavyResults = make(chan struct{}, 1)

// lift waits for its turn if the result is heavy. It is put down when the answer
// stands as text; see putDown.
func (c *call) lift(values []json.RawMessage) error {
	total := int64(0)
	for _, v := range values {
		total += weight(v)
	}
	if total <= lightResult || c.lifts {
		return nil
	}
	select {
	case heavyResults <- struct{}{}:
		c.lifts = true
		return nil
	case <-c.r.Context().Done():
		return rulebox.Errorf(rulebox.CodeTimeout, "the server went away while other large results were read").WithCause(c.r.Context().Err())
	}
}

func (c *call) putDown() {
	if c.lifts {
		c.lifts = false
		<-heavyResults
	}
}
