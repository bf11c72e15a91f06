package dbtest

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// What the peer does with documents: as much of MongoDB as login scripts ask for.

func (p *mongoPeer) run(name, db string, cmd bson.D) bson.D {
	collection, _ := cmd[0].Value.(string)
	ns := db + "." + collection
	switch name {
	case "insert":
		return p.insert(ns, cmd)
	case "find":
		docs := p.match(ns, sub(cmd, "filter"))
		sorted(docs, sub(cmd, "sort"))
		docs = window(docs, get(cmd, "skip"), get(cmd, "limit"))
		docs = projected(docs, sub(cmd, "projection"))
		return p.cursor(ns, docs, get(cmd, "batchSize"), yes(get(cmd, "singleBatch")))
	case "getMore":
		id, _ := cmd[0].Value.(int64)
		c := p.cursors[id]
		if c == nil || c.ns != db+"."+str(cmd, "collection") {
			return mongoFail(43, "CursorNotFound", fmt.Sprintf("cursor id %d not found", id))
		}
		n := len(c.docs)
		if size := int(num(get(cmd, "batchSize"))); size > 0 && size < n {
			n = size
		}
		batch := c.docs[:n]
		if c.docs = c.docs[n:]; len(c.docs) == 0 {
			delete(p.cursors, id)
			id = 0
		}
		return ok(bson.D{{Key: "cursor", Value: bson.D{{Key: "nextBatch", Value: batch}, {Key: "id", Value: id}, {Key: "ns", Value: c.ns}}}})
	case "killCursors":
		for _, id := range list(cmd, "cursors") {
			delete(p.cursors, id.(int64))
		}
		return ok(bson.D{{Key: "cursorsKilled", Value: get(cmd, "cursors")}})
	case "update":
		return p.update(ns, cmd)
	case "delete":
		n := 0
		for _, d := range list(cmd, "deletes") {
			found := p.match(ns, sub(d.(bson.D), "q"))
			if num(get(d.(bson.D), "limit")) == 1 && len(found) > 1 {
				found = found[:1]
			}
			for _, f := range found {
				p.data[ns] = slices.DeleteFunc(p.data[ns], func(d bson.D) bool { return same(get(d, "_id"), get(f, "_id")) })
				n++
			}
		}
		return ok(bson.D{{Key: "n", Value: int32(n)}})
	case "findAndModify", "findandmodify":
		return p.modify(ns, cmd)
	case "count":
		return ok(bson.D{{Key: "n", Value: int32(len(window(p.match(ns, sub(cmd, "query")), get(cmd, "skip"), get(cmd, "limit"))))}})
	case "aggregate":
		return p.aggregate(ns, cmd)
	case "distinct":
		var out bson.A
		for _, d := range p.match(ns, sub(cmd, "query")) {
			v := path(d, str(cmd, "key"))
			if !slices.ContainsFunc(out, func(o any) bool { return same(o, v) }) {
				out = append(out, v)
			}
		}
		return ok(bson.D{{Key: "values", Value: out}})
	case "createIndexes":
		for _, ix := range list(cmd, "indexes") {
			if yes(get(ix.(bson.D), "unique")) {
				p.unique[ns] = append(p.unique[ns], sub(ix.(bson.D), "key")[0].Key)
			}
		}
		return ok(bson.D{{Key: "numIndexesBefore", Value: int32(1)}, {Key: "numIndexesAfter", Value: int32(2)}})
	case "listIndexes":
		out := []bson.D{{{Key: "v", Value: int32(2)}, {Key: "key", Value: bson.D{{Key: "_id", Value: int32(1)}}}, {Key: "name", Value: "_id_"}}}
		for _, u := range p.unique[ns] {
			out = append(out, bson.D{{Key: "v", Value: int32(2)}, {Key: "unique", Value: true}, {Key: "key", Value: bson.D{{Key: u, Value: int32(1)}}}, {Key: "name", Value: u + "_1"}})
		}
		return p.cursor(ns, out, nil, true)
	case "drop":
		if p.data[ns] == nil {
			return mongoFail(26, "NamespaceNotFound", "ns not found")
		}
		delete(p.data, ns)
		delete(p.unique, ns)
		return ok(bson.D{{Key: "ns", Value: ns}})
	case "sleep": // not MongoDB's: never answers in time
		return ok(bson.D{})
	}
	return mongoFail(59, "CommandNotFound", "no such command: '"+name+"'")
}

func (p *mongoPeer) cursor(ns string, docs []bson.D, size any, single bool) bson.D {
	n, id := len(docs), int64(0)
	if s := int(num(size)); size != nil && s < n {
		n = s
	} else if size == nil && n > 101 {
		n = 101
	}
	if n < len(docs) && !single {
		p.next++
		id = p.next<<33 + 7 // beyond 32 bits, as the real ones
		p.cursors[id] = &mongoCursor{ns, docs[n:]}
	}
	return ok(bson.D{{Key: "cursor", Value: bson.D{{Key: "firstBatch", Value: append([]bson.D{}, docs[:n]...)}, {Key: "id", Value: id}, {Key: "ns", Value: ns}}}})
}

// duplicate says which unique field two documents would share.
func (p *mongoPeer) duplicate(ns string, doc bson.D) bson.D {
	for _, key := range append([]string{"_id"}, p.unique[ns]...) {
		v := path(doc, key)
		for _, d := range p.data[ns] {
			if same(path(d, key), v) && (key == "_id" || !same(get(d, "_id"), get(doc, "_id"))) {
				shown := fmt.Sprint(v)
				if s, text := v.(string); text {
					shown = strconv.Quote(s)
				}
				index := key + "_1"
				if key == "_id" {
					index = "_id_"
				}
				return bson.D{{Key: "index", Value: int32(0)}, {Key: "code", Value: int32(11000)}, {Key: "errmsg", Value: fmt.Sprintf("E11000 duplicate key error collection: %s index: %s dup key: { %s: %s }", ns, index, key, shown)},
					{Key: "keyPattern", Value: bson.D{{Key: key, Value: int32(1)}}}, {Key: "keyValue", Value: bson.D{{Key: key, Value: v}}}}
			}
		}
	}
	return nil
}

func (p *mongoPeer) insert(ns string, cmd bson.D) bson.D {
	n, errs := 0, bson.A{}
	for i, d := range list(cmd, "documents") {
		doc := d.(bson.D)
		if dup := p.duplicate(ns, doc); dup != nil {
			dup[0].Value = int32(i)
			errs = append(errs, dup)
			if ordered := get(cmd, "ordered"); ordered == nil || yes(ordered) {
				break
			}
			continue
		}
		if at := slices.IndexFunc(doc, func(e bson.E) bool { return e.Key == "_id" }); at > 0 { // the real ones put it first, too
			doc = append(bson.D{doc[at]}, slices.Delete(slices.Clone(doc), at, at+1)...)
		}
		p.data[ns] = append(p.data[ns], doc)
		n++
	}
	out := bson.D{{Key: "n", Value: int32(n)}}
	if len(errs) > 0 {
		out = append(out, bson.E{Key: "writeErrors", Value: errs})
	}
	return ok(out)
}

func (p *mongoPeer) update(ns string, cmd bson.D) bson.D {
	n, changed, upserted := 0, 0, bson.A{}
	for i, u := range list(cmd, "updates") {
		op := u.(bson.D)
		found := p.match(ns, sub(op, "q"))
		if !yes(get(op, "multi")) && len(found) > 1 {
			found = found[:1]
		}
		if len(found) == 0 && yes(get(op, "upsert")) {
			doc := p.upsert(ns, sub(op, "q"), sub(op, "u"))
			upserted = append(upserted, bson.D{{Key: "index", Value: int32(i)}, {Key: "_id", Value: get(doc, "_id")}})
			n++
		}
		for _, f := range found {
			next := applied(f, sub(op, "u"), false)
			if dup := p.duplicate(ns, next); dup != nil && !same(path(next, sub(dup, "keyPattern")[0].Key), path(f, sub(dup, "keyPattern")[0].Key)) {
				return ok(bson.D{{Key: "n", Value: int32(n)}, {Key: "nModified", Value: int32(changed)}, {Key: "writeErrors", Value: bson.A{dup}}})
			}
			n++
			if !same(f, next) {
				changed++
			}
			p.replace(ns, f, next)
		}
	}
	out := bson.D{{Key: "n", Value: int32(n)}, {Key: "nModified", Value: int32(changed)}}
	if len(upserted) > 0 {
		out = append(out, bson.E{Key: "upserted", Value: upserted})
	}
	return ok(out)
}

func (p *mongoPeer) upsert(ns string, q, u bson.D) bson.D {
	doc := bson.D{}
	for _, e := range q {
		if _, operators := e.Value.(bson.D); !operators && e.Key[0] != '$' {
			doc = append(doc, e)
		}
	}
	doc = applied(doc, u, true)
	if get(doc, "_id") == nil {
		doc = append(bson.D{{Key: "_id", Value: bson.NewObjectID()}}, doc...)
	}
	p.data[ns] = append(p.data[ns], doc)
	return doc
}

func (p *mongoPeer) replace(ns string, old, next bson.D) {
	for i, d := range p.data[ns] {
		if same(get(d, "_id"), get(old, "_id")) {
			p.data[ns][i] = next
			return
		}
	}
}

func (p *mongoPeer) modify(ns string, cmd bson.D) bson.D {
	found := p.match(ns, sub(cmd, "query"))
	sorted(found, sub(cmd, "sort"))
	var before, after any
	existing := false
	var id any
	switch {
	case len(found) > 0 && yes(get(cmd, "remove")):
		p.data[ns] = slices.DeleteFunc(p.data[ns], func(d bson.D) bool { return same(get(d, "_id"), get(found[0], "_id")) })
		return ok(bson.D{{Key: "lastErrorObject", Value: bson.D{{Key: "n", Value: int32(1)}}}, {Key: "value", Value: found[0]}})
	case len(found) > 0:
		next := applied(found[0], sub(cmd, "update"), false)
		p.replace(ns, found[0], next)
		before, after, existing = found[0], next, true
	case yes(get(cmd, "upsert")):
		doc := p.upsert(ns, sub(cmd, "query"), sub(cmd, "update"))
		after, id = doc, get(doc, "_id")
	default:
		return ok(bson.D{{Key: "lastErrorObject", Value: bson.D{{Key: "n", Value: int32(0)}, {Key: "updatedExisting", Value: false}}}, {Key: "value", Value: nil}})
	}
	value := before
	if yes(get(cmd, "new")) {
		value = after
	}
	if d, is := value.(bson.D); is {
		value = projected([]bson.D{d}, sub(cmd, "fields"))[0]
	}
	last := bson.D{{Key: "n", Value: int32(1)}, {Key: "updatedExisting", Value: existing}}
	if id != nil {
		last = append(last, bson.E{Key: "upserted", Value: id})
	}
	return ok(bson.D{{Key: "lastErrorObject", Value: last}, {Key: "value", Value: value}})
}

func (p *mongoPeer) aggregate(ns string, cmd bson.D) bson.D {
	docs := p.match(ns, nil)
	for _, s := range list(cmd, "pipeline") {
		stage := s.(bson.D)[0]
		switch stage.Key {
		case "$match":
			docs = slices.DeleteFunc(docs, func(d bson.D) bool { return !fits(d, stage.Value.(bson.D)) })
		case "$limit":
			docs = window(docs, nil, stage.Value)
		case "$skip":
			docs = window(docs, stage.Value, nil)
		case "$sort":
			sorted(docs, stage.Value.(bson.D))
		case "$group":
			if len(docs) > 0 {
				docs = []bson.D{{{Key: "_id", Value: get(stage.Value.(bson.D), "_id")}, {Key: "n", Value: int32(len(docs))}}}
			}
		default:
			return mongoFail(40324, "Location40324", "Unrecognized pipeline stage name: '"+stage.Key+"'")
		}
	}
	return p.cursor(ns, docs, get(sub(cmd, "cursor"), "batchSize"), false)
}

func (p *mongoPeer) match(ns string, filter bson.D) []bson.D {
	var out []bson.D
	for _, d := range p.data[ns] {
		if fits(d, filter) {
			out = append(out, d)
		}
	}
	return out
}

func fits(d, filter bson.D) bool {
	for _, e := range filter {
		switch e.Key {
		case "$or":
			if !slices.ContainsFunc(e.Value.(bson.A), func(v any) bool { return fits(d, v.(bson.D)) }) {
				return false
			}
			continue
		case "$and":
			for _, v := range e.Value.(bson.A) {
				if !fits(d, v.(bson.D)) {
					return false
				}
			}
			continue
		}
		v := path(d, e.Key)
		if ops, is := e.Value.(bson.D); is && len(ops) > 0 && ops[0].Key[0] == '$' {
			for _, op := range ops {
				if !holds(v, op) {
					return false
				}
			}
			continue
		}
		if re, is := e.Value.(bson.Regex); is {
			s, text := v.(string)
			pattern := re.Pattern
			if strings.Contains(re.Options, "i") {
				pattern = "(?i)" + pattern
			}
			if !text || !regexp.MustCompile(pattern).MatchString(s) {
				return false
			}
			continue
		}
		if a, is := v.(bson.A); is && slices.ContainsFunc(a, func(x any) bool { return same(x, e.Value) }) {
			continue
		}
		if !same(v, e.Value) {
			return false
		}
	}
	return true
}

func holds(v any, op bson.E) bool {
	switch op.Key {
	case "$eq":
		return same(v, op.Value)
	case "$ne":
		return !same(v, op.Value)
	case "$gt":
		return v != nil && num(v) > num(op.Value)
	case "$gte":
		return v != nil && num(v) >= num(op.Value)
	case "$lt":
		return v != nil && num(v) < num(op.Value)
	case "$exists":
		return (v != nil) == yes(op.Value)
	case "$in":
		return slices.ContainsFunc(op.Value.(bson.A), func(x any) bool { return same(x, v) })
	}
	return false
}

func path(d bson.D, key string) any {
	head, rest, more := strings.Cut(key, ".")
	v := get(d, head)
	if in, is := v.(bson.D); is && more {
		return path(in, rest)
	}
	if more {
		return nil
	}
	return v
}

// same compares values as MongoDB does, as far as kinds of numbers go.
func same(a, b any) bool {
	if isNumber(a) && isNumber(b) {
		return num(a) == num(b)
	}
	x, err1 := bson.Marshal(bson.D{{Key: "v", Value: a}})
	y, err2 := bson.Marshal(bson.D{{Key: "v", Value: b}})
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

func isNumber(v any) bool {
	switch v.(type) {
	case int32, int64, float64:
		return true
	}
	return false
}

func put(d bson.D, key string, v any) bson.D {
	head, rest, more := strings.Cut(key, ".")
	out := append(bson.D{}, d...)
	if more {
		v = put(sub(d, head), rest, v)
	}
	for i := range out {
		if out[i].Key == head {
			out[i].Value = v
			return out
		}
	}
	return append(out, bson.E{Key: head, Value: v})
}

func applied(d, u bson.D, inserting bool) bson.D {
	if len(u) == 0 || u[0].Key[0] != '$' {
		out := bson.D{}
		if id := get(d, "_id"); id != nil && get(u, "_id") == nil {
			out = bson.D{{Key: "_id", Value: id}}
		}
		return append(out, u...)
	}
	for _, op := range u {
		for _, e := range op.Value.(bson.D) {
			switch op.Key {
			case "$set":
				d = put(d, e.Key, e.Value)
			case "$setOnInsert":
				if inserting {
					d = put(d, e.Key, e.Value)
				}
			case "$unset":
				d = slices.DeleteFunc(append(bson.D{}, d...), func(x bson.E) bool { return x.Key == e.Key })
			case "$inc":
				d = put(d, e.Key, int32(num(path(d, e.Key))+num(e.Value)))
			case "$push":
				a, _ := path(d, e.Key).(bson.A)
				d = put(d, e.Key, append(append(bson.A{}, a...), e.Value))
			}
		}
	}
	return d
}

func sorted(docs []bson.D, by bson.D) {
	if len(by) == 0 {
		return
	}
	slices.SortStableFunc(docs, func(a, b bson.D) int {
		for _, e := range by {
			x, y := path(a, e.Key), path(b, e.Key)
			c := strings.Compare(fmt.Sprint(x), fmt.Sprint(y))
			if isNumber(x) && isNumber(y) {
				c = int(num(x) - num(y))
			}
			if c != 0 {
				return c * int(num(e.Value))
			}
		}
		return 0
	})
}

func window(docs []bson.D, skip, limit any) []bson.D {
	docs = docs[min(int(num(skip)), len(docs)):]
	if n := int(num(limit)); n > 0 {
		docs = docs[:min(n, len(docs))]
	}
	return docs
}

func projected(docs []bson.D, p bson.D) []bson.D {
	if len(p) == 0 {
		return docs
	}
	keep := slices.ContainsFunc(p, func(e bson.E) bool { return e.Key != "_id" && yes(e.Value) })
	out := make([]bson.D, len(docs))
	for i, d := range docs {
		for _, e := range d {
			asked := get(p, e.Key)
			if asked == nil && (keep && e.Key != "_id") || asked != nil && !yes(asked) {
				continue
			}
			out[i] = append(out[i], e)
		}
	}
	return out
}
