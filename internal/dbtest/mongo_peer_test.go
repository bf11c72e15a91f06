package dbtest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A mongoPeer speaks MongoDB's wire protocol and keeps documents in memory. No
// MongoDB is to be had where these tests run: the peer follows the documents
// "MongoDB Wire Protocol" and "Authentication" of the drivers' specifications, its
// BSON is that of the official Go driver, and the original clients of Node.js
// work with it (TestOriginalsOfDatabases).
type mongoPeer struct {
	addr           *net.TCPAddr
	user, password string // empty: nobody logs in
	// Hello is what hello says beside the usual.
	hello bson.D
	// old answers as a server before 4.4, which has no command hello.
	old bool

	mu       sync.Mutex // guards what follows
	data     map[string][]bson.D
	unique   map[string][]string // fields, by database.collection
	cursors  map[int64]*mongoCursor
	next     int64
	commands []bson.D // what was asked, in order
	sessions int      // connections so far
}

type mongoCursor struct {
	ns   string
	docs []bson.D
}

func newMongoPeer(t *testing.T, p *mongoPeer) *mongoPeer {
	p.data, p.unique, p.cursors = map[string][]bson.D{}, map[string][]string{}, map[int64]*mongoCursor{}
	p.addr = liar(t, p.serve)
	return p
}

// A mongoSession is one connection of a client.
type mongoSession struct {
	peer     *mongoPeer
	in       bool // logged in
	number   int
	scram    *mongoScram
	requests uint32
}

func (p *mongoPeer) serve(c net.Conn) {
	p.mu.Lock()
	p.sessions++
	s := &mongoSession{peer: p, in: p.user == "", number: p.sessions}
	p.mu.Unlock()
	for {
		head := make([]byte, 16)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		n := binary.LittleEndian.Uint32(head)
		if n < 21 || n > 48_000_000 {
			return
		}
		body := make([]byte, n-16)
		if _, err := io.ReadFull(c, body); err != nil {
			return
		}
		var cmd, reply bson.D
		id, op := binary.LittleEndian.Uint32(head[4:]), binary.LittleEndian.Uint32(head[12:])
		switch op {
		case 2013: // OP_MSG
			if body[4] != 0 || bson.Unmarshal(body[5:], &cmd) != nil {
				return
			}
			reply = s.answer(cmd)
			doc, err := bson.Marshal(reply)
			if err != nil {
				return
			}
			s.send(c, id, 2013, append([]byte{0, 0, 0, 0, 0}, doc...))
		case 2004: // OP_QUERY, of clients that do not know yet what the server speaks
			rest := body[4:]
			at := strings.IndexByte(string(rest), 0)
			if at < 0 || bson.Unmarshal(rest[at+1+8:], &cmd) != nil {
				return
			}
			doc, err := bson.Marshal(s.answer(append(cmd, bson.E{Key: "$db", Value: strings.TrimSuffix(string(rest[:at]), ".$cmd")})))
			if err != nil {
				return
			}
			s.send(c, id, 1, append([]byte{8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}, doc...))
		default:
			return
		}
	}
}

func (s *mongoSession) send(c net.Conn, answers, op uint32, body []byte) {
	s.requests++
	b := make([]byte, 16, 16+len(body))
	for i, n := range []uint32{uint32(16 + len(body)), s.requests, answers, op} {
		binary.LittleEndian.PutUint32(b[4*i:], n)
	}
	c.Write(append(b, body...))
}

func mongoFail(code int, name, text string) bson.D {
	return bson.D{{Key: "ok", Value: 0.0}, {Key: "errmsg", Value: text}, {Key: "code", Value: code}, {Key: "codeName", Value: name}}
}

func get(d bson.D, key string) any {
	for _, e := range d {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

func sub(d bson.D, key string) bson.D { v, _ := get(d, key).(bson.D); return v }
func list(d bson.D, key string) []any { v, _ := get(d, key).(bson.A); return v }
func str(d bson.D, key string) string { v, _ := get(d, key).(string); return v }
func ok(d bson.D) bson.D              { return append(d, bson.E{Key: "ok", Value: 1.0}) }
func yes(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case nil:
		return false
	}
	return num(v) != 0
}

func num(v any) float64 {
	switch v := v.(type) {
	case int32:
		return float64(v)
	case int64:
		return float64(v)
	case float64:
		return v
	case int:
		return float64(v)
	}
	return 0
}

func (s *mongoSession) answer(cmd bson.D) bson.D {
	p := s.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commands = append(p.commands, cmd)
	name := cmd[0].Key
	switch strings.ToLower(name) {
	case "hello", "ismaster":
		if name == "hello" && p.old {
			return mongoFail(59, "CommandNotFound", "no such command: 'hello'")
		}
		return s.hello(cmd)
	case "saslstart":
		return s.saslStart(cmd)
	case "saslcontinue":
		return s.saslContinue(cmd)
	case "ping", "endsessions":
		return ok(bson.D{})
	}
	if !s.in {
		return mongoFail(13, "Unauthorized", "command "+name+" requires authentication")
	}
	return p.run(name, str(cmd, "$db"), cmd)
}

func (s *mongoSession) hello(cmd bson.D) bson.D {
	d := bson.D{{Key: "helloOk", Value: true}, {Key: "ismaster", Value: true}, {Key: "isWritablePrimary", Value: true}, {Key: "maxBsonObjectSize", Value: int32(16 << 20)}, {Key: "maxMessageSizeBytes", Value: int32(48_000_000)},
		{Key: "maxWriteBatchSize", Value: int32(100_000)}, {Key: "localTime", Value: bson.DateTime(0)}, {Key: "logicalSessionTimeoutMinutes", Value: int32(30)}, {Key: "connectionId", Value: int32(s.number)},
		{Key: "minWireVersion", Value: int32(0)}, {Key: "maxWireVersion", Value: int32(9)}, {Key: "readOnly", Value: false}}
	if s.peer.hello != nil {
		d = append(bson.D{}, s.peer.hello...)
	}
	if who := str(cmd, "saslSupportedMechs"); who == "admin."+s.peer.user && s.peer.user != "" {
		d = append(d, bson.E{Key: "saslSupportedMechs", Value: bson.A{"SCRAM-SHA-1", "SCRAM-SHA-256"}})
	}
	return ok(d)
}

// mongoScram is a login under way, as the server sees it: it knows salted keys only.
type mongoScram struct {
	digest            func() hash.Hash
	salted            []byte
	first, server     string
	nonce             string
	proven, skipEmpty bool
}

func (s *mongoSession) saslStart(cmd bson.D) bson.D {
	p := s.peer
	failed := mongoFail(18, "AuthenticationFailed", "Authentication failed.")
	payload, _ := get(cmd, "payload").(bson.Binary)
	bare, gs2 := strings.CutPrefix(string(payload.Data), "n,,")
	user, nonce, split := strings.Cut(strings.TrimPrefix(bare, "n="), ",r=")
	if !gs2 || !split || str(cmd, "$db") != "admin" || user != p.user {
		return failed
	}
	sc := &mongoScram{first: bare, skipEmpty: yes(get(sub(cmd, "options"), "skipEmptyExchange"))}
	secret := p.password
	switch str(cmd, "mechanism") {
	case "SCRAM-SHA-256":
		sc.digest = sha256.New
	case "SCRAM-SHA-1":
		sum := md5.Sum([]byte(p.user + ":mongo:" + p.password))
		sc.digest, secret = sha1.New, hex.EncodeToString(sum[:])
	default:
		return mongoFail(334, "MechanismUnavailable", "Received authentication for mechanism which is not enabled")
	}
	salt := []byte("0123456789abcdef")
	sc.salted, _ = pbkdf2.Key(sc.digest, secret, salt, 4096, sc.digest().Size())
	sc.nonce = nonce + rand.Text()
	sc.server = fmt.Sprintf("r=%s,s=%s,i=4096", sc.nonce, base64.StdEncoding.EncodeToString(salt))
	s.scram = sc
	return ok(bson.D{{Key: "conversationId", Value: int32(1)}, {Key: "done", Value: false}, {Key: "payload", Value: bson.Binary{Data: []byte(sc.server)}}})
}

func (sc *mongoScram) mac(key []byte, text string) []byte {
	h := hmac.New(sc.digest, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (s *mongoSession) saslContinue(cmd bson.D) bson.D {
	failed := mongoFail(18, "AuthenticationFailed", "Authentication failed.")
	sc := s.scram
	payload, _ := get(cmd, "payload").(bson.Binary)
	if sc == nil || num(get(cmd, "conversationId")) != 1 {
		return failed
	}
	if sc.proven {
		s.in = true
		return ok(bson.D{{Key: "conversationId", Value: int32(1)}, {Key: "done", Value: true}, {Key: "payload", Value: bson.Binary{}}})
	}
	without, proof, _ := strings.Cut(string(payload.Data), ",p=")
	given, err := base64.StdEncoding.DecodeString(proof)
	h := sc.digest()
	if err != nil || without != "c=biws,r="+sc.nonce || len(given) != h.Size() {
		return failed
	}
	auth := sc.first + "," + sc.server + "," + without
	h.Write(sc.mac(sc.salted, "Client Key"))
	stored := h.Sum(nil)
	signature := sc.mac(stored, auth)
	for i := range signature {
		signature[i] ^= given[i]
	}
	h = sc.digest()
	h.Write(signature)
	if !hmac.Equal(h.Sum(nil), stored) {
		return failed
	}
	sc.proven = true
	s.in = sc.skipEmpty
	final := "v=" + base64.StdEncoding.EncodeToString(sc.mac(sc.mac(sc.salted, "Server Key"), auth))
	return ok(bson.D{{Key: "conversationId", Value: int32(1)}, {Key: "done", Value: sc.skipEmpty}, {Key: "payload", Value: bson.Binary{Data: []byte(final)}}})
}
