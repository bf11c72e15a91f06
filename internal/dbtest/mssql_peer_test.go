package dbtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
)

// An mssqlPeer speaks SQL Server's protocol as [MS-TDS] has it, without TLS. No SQL
// Server is to be had where these tests run: the peer knows a few statements, and
// gives parameters back byte for byte as columns. The original clients of Node.js
// work with it (TestOriginalsOfDatabases).
type mssqlPeer struct {
	addr           *net.TCPAddr
	user, password string

	mu       sync.Mutex // guards what follows
	users    map[string]string
	table    []*mssqlMember
	sessions int
	resets   int
	rolled   int // transactions that a reset has rolled back
}

func newMSSQLPeer(t *testing.T, user, password string) *mssqlPeer {
	p := &mssqlPeer{user: user, password: password, users: map[string]string{}}
	p.addr = liar(t, p.serve)
	return p
}

// What the server writes, by the names of the specification.
type tds struct{ b bytes.Buffer }

func (t *tds) put(parts ...any) *tds {
	for _, p := range parts {
		switch p := p.(type) {
		case byte:
			t.b.WriteByte(p)
		case uint16, uint32, uint64, int32:
			binary.Write(&t.b, binary.LittleEndian, p)
		case string: // B_VARCHAR
			u := utf16.Encode([]rune(p))
			t.b.WriteByte(byte(len(u)))
			binary.Write(&t.b, binary.LittleEndian, u)
		case []byte:
			t.b.Write(p)
		}
	}
	return t
}

func usVarchar(s string) []byte {
	u := utf16.Encode([]rune(s))
	b := binary.LittleEndian.AppendUint16(nil, uint16(len(u)))
	for _, v := range u {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

func (t *tds) message(kind byte, number int32, class byte, text string) *tds {
	body := (&tds{}).put(number, byte(1), class, usVarchar(text), "peer", "", uint32(3)).b.Bytes()
	return t.put(kind, uint16(len(body)), body)
}

func (t *tds) done(kind byte, status uint16, rows uint64) *tds {
	return t.put(kind, status, uint16(0xc1), rows)
}

func (t *tds) change(kind byte, parts ...any) *tds {
	body := (&tds{}).put(kind).put(parts...).b.Bytes()
	return t.put(byte(0xe3), uint16(len(body)), body)
}

// A mssqlParam is what a client sent, with its raw type and value.
type mssqlParam struct {
	name        string
	output      bool
	info, value []byte
}

// text is the value of an NVARCHAR or VARCHAR parameter.
func (p *mssqlParam) text() string {
	v := p.value
	if p.info[1] == 0xff && p.info[2] == 0xff { // in parts
		v = v[8:]
		var out []byte
		for n := binary.LittleEndian.Uint32(v); n > 0; n = binary.LittleEndian.Uint32(v) {
			out = append(out, v[4:4+n]...)
			v = v[4+n:]
		}
		v = out
	} else {
		v = v[2:]
	}
	if p.info[0] == 0xa7 {
		return string(v)
	}
	return utf16le(v)
}

func utf16le(v []byte) string {
	u := make([]uint16, len(v)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(v[2*i:])
	}
	return string(utf16.Decode(u))
}

type mssqlSession struct {
	*mssqlPeer
	c    net.Conn
	open bool // a transaction
	temp bool // a table
}

// read returns one message: its type, and whether it asks for a reset.
func (s *mssqlSession) read() (kind, status byte, body []byte, err error) {
	for first := true; ; first = false {
		head := make([]byte, 8)
		if _, err = io.ReadFull(s.c, head); err != nil {
			return
		}
		part := make([]byte, int(binary.BigEndian.Uint16(head[2:]))-8)
		if _, err = io.ReadFull(s.c, part); err != nil {
			return
		}
		if first {
			kind, status = head[0], head[1]
		}
		if body = append(body, part...); head[1]&1 != 0 {
			return
		}
	}
}

func (s *mssqlSession) write(b []byte) {
	for id := byte(1); ; id++ {
		n := min(len(b), 4088)
		end := byte(0)
		if n == len(b) {
			end = 1
		}
		head := []byte{4, end, 0, 0, 0, 51, id, 0}
		binary.BigEndian.PutUint16(head[2:], uint16(n+8))
		s.c.Write(append(head, b[:n]...))
		if b = b[n:]; end == 1 {
			return
		}
	}
}

func (p *mssqlPeer) serve(c net.Conn) {
	p.mu.Lock()
	p.sessions++
	number := p.sessions
	p.mu.Unlock()
	s := &mssqlSession{mssqlPeer: p, c: c}
	kind, _, _, err := s.read()
	if err != nil || kind != 18 {
		return
	}
	// PRELOGIN: version, and no encryption.
	s.write([]byte{0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 15, 0, 7, 208, 0, 0, 2})
	kind, _, body, err := s.read()
	if err != nil || kind != 16 {
		return
	}
	field := func(at int) []byte {
		from, n := int(binary.LittleEndian.Uint16(body[at:])), int(binary.LittleEndian.Uint16(body[at+2:]))
		return body[from : from+2*n]
	}
	password := bytes.Clone(field(44))
	for i, b := range password {
		b ^= 0xa5
		password[i] = b<<4 | b>>4
	}
	out := &tds{}
	if user := utf16le(field(40)); user != p.user || utf16le(password) != p.password {
		s.write(out.message(0xaa, 18456, 14, "Login failed for user '"+user+"'.").done(0xfd, 2, 0).b.Bytes())
		return
	}
	database := utf16le(field(68))
	out.change(1, database, "master").message(0xab, 5701, 0, "Changed database context to '"+database+"'.")
	out.change(7, []byte{5, 0x09, 0x04, 0xd0, 0x00, 0x34, 0}).change(4, "4096", "4096")
	ack := (&tds{}).put(byte(1), []byte{0x74, 0, 0, 4}, "Microsoft SQL Server", []byte{15, 0, 7, 208}).b.Bytes()
	s.write(out.put(byte(0xad), uint16(len(ack)), ack).done(0xfd, 0, 0).b.Bytes())
	for {
		kind, status, body, err := s.read()
		if err != nil {
			return
		}
		out := &tds{}
		if status&8 != 0 {
			p.mu.Lock()
			p.resets++
			if s.open {
				p.rolled++
			}
			p.mu.Unlock()
			s.open, s.temp = false, false
			out.change(18, byte(0), byte(0))
		}
		switch kind {
		case 1:
			at := binary.LittleEndian.Uint32(body)
			s.run(out, 0xfd, utf16le(body[at:]), nil, number)
		case 3:
			s.call(out, body[binary.LittleEndian.Uint32(body):], number)
		case 6: // attention
			out.done(0xfd, 0x20, 0)
		case 14: // transaction manager
			at := binary.LittleEndian.Uint32(body)
			switch binary.LittleEndian.Uint16(body[at:]) {
			case 5:
				s.open = true
				out.change(8, byte(8), uint64(77), byte(0))
			case 7:
				s.open = false
				out.change(9, byte(0), byte(8), uint64(77))
			case 8:
				s.open = false
				out.change(10, byte(0), byte(8), uint64(77))
			}
			out.done(0xfd, 0, 0)
		default:
			return
		}
		s.write(out.b.Bytes())
	}
}

// call answers an RPC.
func (s *mssqlSession) call(out *tds, b []byte, number int) {
	name := ""
	if n := binary.LittleEndian.Uint16(b); n == 0xffff {
		name = map[uint16]string{10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute", 15: "sp_unprepare"}[binary.LittleEndian.Uint16(b[2:])]
		b = b[6:]
	} else {
		name = utf16le(b[2 : 2+2*int(n)])
		b = b[4+2*int(n):]
	}
	var params []*mssqlParam
	for len(b) > 0 {
		p := &mssqlParam{}
		n := 2 * int(b[0])
		p.name, p.output = utf16le(b[1:1+n]), b[1+n]&1 != 0
		b = b[2+n:]
		info, value := tdsSizes(b)
		p.info, p.value = b[:info], b[info:info+value]
		b = b[info+value:]
		params = append(params, p)
	}
	switch name {
	case "sp_executesql":
		var own []*mssqlParam
		if len(params) > 2 {
			own = params[2:]
		}
		s.run(out, 0xff, params[0].text(), own, number)
		out.put(byte(0x79), uint32(0))
	case "sp_prepare":
		out.put(byte(0x79), uint32(0), byte(0xac), uint16(0), params[0].name, byte(1), uint32(0), uint16(0), []byte{0x26, 4, 4, 7, 0, 0, 0})
	case "sp_execute":
		s.run(out, 0xff, "ECHO", params[1:], number)
		out.put(byte(0x79), uint32(0))
	case "sp_unprepare":
		out.put(byte(0x79), uint32(0))
	case "add_user": // a procedure with a parameter for output
		out.put(byte(0x79), uint32(42))
		for _, p := range params {
			if p.output {
				out.put(byte(0xac), uint16(1), p.name, byte(1), uint32(0), uint16(0), []byte{0x26, 4, 4, 99, 0, 0, 0})
			}
		}
	default:
		out.message(0xaa, 2812, 16, "Could not find stored procedure '"+name+"'.")
		out.done(0xfe, 2, 0)
		return
	}
	out.done(0xfe, 0, 0)
}

// tdsSizes says how long the type and the value of a parameter are.
func tdsSizes(b []byte) (info, value int) {
	switch b[0] {
	case 0x24, 0x26, 0x68, 0x6d, 0x6e, 0x6f:
		return 2, 1 + int(b[2])
	case 0x6a, 0x6c:
		return 4, 1 + int(b[4])
	case 0x28:
		return 1, 1 + int(b[1])
	case 0x29, 0x2a, 0x2b:
		return 2, 1 + int(b[2])
	case 0xe7, 0xa7, 0xa5:
		info = 8
		if b[0] == 0xa5 {
			info = 3
		}
		if b[1] != 0xff || b[2] != 0xff {
			if n := int(binary.LittleEndian.Uint16(b[info:])); n != 0xffff {
				return info, 2 + n
			}
			return info, 2
		}
		if binary.LittleEndian.Uint64(b[info:]) == 1<<64-1 {
			return info, 8
		}
		value = 8
		for {
			n := int(binary.LittleEndian.Uint32(b[info+value:]))
			value += 4 + n
			if n == 0 {
				return info, value
			}
		}
	}
	panic(fmt.Sprintf("a parameter of type %#x", b[0]))
}

func (t *tds) columns(cols ...any) *tds { // type information and name, in turn
	t.put(byte(0x81), uint16(len(cols)/2))
	for i := 0; i < len(cols); i += 2 {
		t.put(uint32(0), uint16(9), cols[i], cols[i+1])
	}
	return t
}

var nvarchar = []byte{0xe7, 0x90, 0x01, 0x09, 0x04, 0xd0, 0x00, 0x34} // (200)

// run answers a statement; kind is the token that ends it.
func (s *mssqlSession) run(out *tds, kind byte, sql string, params []*mssqlParam, number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := func(i int) string { return params[i].text() }
	int4 := []byte{0x26, 4}
	switch {
	case sql == "ECHO":
		cols := []any{}
		row := &tds{}
		for _, p := range params {
			cols = append(cols, p.info, strings.TrimPrefix(p.name, "@"))
			row.put(p.value)
		}
		out.columns(cols...).put(byte(0xd1), row.b.Bytes()).done(kind, 0x10, 1)
	case strings.Contains(sql, "Members"):
		s.members(out, kind, sql, params)
	case strings.HasPrefix(sql, "INSERT INTO users"):
		if _, taken := s.users[value(0)]; taken {
			out.message(0xaa, 2627, 14, "Violation of UNIQUE KEY constraint 'UQ_users'. Cannot insert duplicate key in object 'dbo.users'. The duplicate key value is ("+value(0)+").").done(kind, 2, 0)
			return
		}
		s.users[value(0)] = value(1)
		out.done(kind, 0x10, 1)
	case strings.HasPrefix(sql, "UPDATE users"):
		if _, found := s.users[value(1)]; !found {
			out.done(kind, 0x10, 0)
			return
		}
		s.users[value(1)] = value(0)
		out.done(kind, 0x10, 1)
	case strings.HasPrefix(sql, "DELETE FROM users"):
		n := 0
		if _, found := s.users[value(0)]; found {
			n = 1
		}
		delete(s.users, value(0))
		out.done(kind, 0x10, uint64(n))
	case strings.HasPrefix(sql, "SELECT Id, Email"):
		out.columns(int4, "Id", nvarchar, "Email", nvarchar, "Password")
		n := uint64(0)
		if password, found := s.users[value(0)]; found {
			n = 1
			out.put(byte(0xd2), byte(0), byte(4), uint32(7), binary.LittleEndian.AppendUint16(nil, uint16(2*len(value(0)))), usVarchar(value(0))[2:], binary.LittleEndian.AppendUint16(nil, uint16(2*len(password))), usVarchar(password)[2:])
		}
		out.done(kind, 0x10, n)
	case sql == "SELECT types":
		out.columns(tdsTypes()...)
		row := &tds{}
		for _, v := range tdsValues {
			row.put(v)
		}
		out.put(byte(0xd1), row.b.Bytes()).done(kind, 0x11, 1)
		out.columns([]byte{0x38}, "n").put(byte(0xd1), uint32(1), byte(0xd1), uint32(2)).done(kind, 0x10, 2)
	case sql == "SELECT nulls": // NBCROW: every second is NULL
		out.columns(int4, "a", int4, "b", int4, "c").put(byte(0xd2), byte(2), byte(4), uint32(1), byte(4), uint32(3)).done(kind, 0x10, 1)
	case strings.HasPrefix(sql, "PRINT"):
		out.message(0xab, 0, 0, strings.Trim(sql[5:], " '")).done(kind, 0, 0)
	case strings.HasPrefix(sql, "BAD"):
		out.message(0xaa, 208, 16, "Invalid object name 'nowhere'.").done(kind, 2, 0)
	case strings.Contains(sql, "BEGIN TRAN"):
		s.open = true
		out.change(8, byte(8), uint64(77), byte(0)).done(kind, 0, 0)
	case strings.Contains(sql, "COMMIT"), strings.Contains(sql, "ROLLBACK"):
		s.open = false
		out.change(9, byte(0), byte(8), uint64(77)).done(kind, 0, 0)
	case sql == "CREATE TABLE #loot":
		s.temp = true
		out.done(kind, 0, 0)
	case sql == "SELECT state": // number of the session, transaction, temporary table
		bit := []byte{0x32}
		b := func(v bool) byte {
			if v {
				return 1
			}
			return 0
		}
		out.columns([]byte{0x38}, "session", bit, "tran", bit, "temp").put(byte(0xd1), uint32(number), b(s.open), b(s.temp)).done(kind, 0x10, 1)
	case strings.HasPrefix(strings.ToLower(sql), "set "):
		out.done(kind, 0, 0)
	default:
		out.message(0xaa, 102, 15, "Incorrect syntax near '"+sql+"'.").done(kind, 2, 0)
	}
}

// Every type that a column may have, as [MS-TDS] 2.2.5.4 and 2.2.5.5 lay them out.
func tdsTypes() []any {
	latin := []byte{0x09, 0x04, 0xd0, 0x00, 0x34}
	with := func(b ...byte) []byte { return append(b, latin...) }
	return []any{
		[]byte{0x30}, "tinyint", []byte{0x34}, "smallint", []byte{0x38}, "int", []byte{0x7f}, "bigint", []byte{0x32}, "bit", []byte{0x3b}, "real", []byte{0x3e}, "float",
		[]byte{0x3c}, "money", []byte{0x7a}, "smallmoney", []byte{0x6c, 9, 18, 4}, "numeric", []byte{0x3d}, "datetime", []byte{0x3a}, "smalldatetime", []byte{0x28}, "date",
		[]byte{0x29, 3}, "time", []byte{0x2a, 7}, "datetime2", []byte{0x2b, 0}, "datetimeoffset", []byte{0x24, 16}, "guid", with(0xa7, 50, 0), "varchar", with(0xaf, 4, 0), "char",
		with(0xe7, 100, 0), "nvarchar", with(0xe7, 0xff, 0xff), "max", []byte{0xa5, 8, 0}, "varbinary", with(0xe7, 0xff, 0xff), "nothing", []byte{0x26, 4}, "null",
	}
}

var tdsValues = [][]byte{
	{200}, {0xfe, 0xff}, {0, 0, 0, 0x80}, {1, 0, 0, 0, 0, 0, 0x20, 0}, {1}, {0, 0, 0xc0, 0x3f}, {0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f},
	{0, 0, 0, 0, 0x10, 0x27, 0, 0}, {0xf0, 0xd8, 0xff, 0xff}, {9, 0, 0x40, 0xe2, 1, 0, 0, 0, 0, 0}, {0x2e, 0xa9, 0, 0, 0x2c, 1, 0, 0}, {1, 0, 61, 0}, {3, 0xda, 0xb9, 0x0a},
	{4, 0x88, 0x13, 0, 0}, {8, 0, 0, 0, 0, 0, 0xda, 0xb9, 0x0a}, {8, 61, 0, 0, 0xda, 0xb9, 0x0a, 60, 0}, {16, 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}, {3, 0, 'h', 0xe9, 0x80}, {4, 0, 'a', 'b', ' ', ' '},
	{4, 0, 0xe9, 0, 0xac, 0x20}, {4, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 'o', 0, 2, 0, 0, 0, 'k', 0, 0, 0, 0, 0}, {2, 0, 1, 255}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0},
}

// A mssqlMember is a row of the example's table.
type mssqlMember struct {
	id          uint32
	email, hash string
	verified    byte
}

// members answers the statements of examples/database/sqlserver.
func (s *mssqlSession) members(out *tds, kind byte, sql string, params []*mssqlParam) {
	param := func(name string) *mssqlParam {
		for _, p := range params {
			if p.name == "@"+name {
				return p
			}
		}
		return nil
	}
	var row *mssqlMember
	if p := param("email"); p != nil {
		for _, m := range s.table {
			if m.email == p.text() {
				row = m
			}
		}
	}
	n := uint64(0)
	if row != nil {
		n = 1
	}
	switch {
	case strings.HasPrefix(sql, "SELECT"):
		out.columns([]byte{0x38}, "Id", nvarchar, "Email", nvarchar, "PasswordHash", []byte{0x32}, "EmailVerified", nvarchar, "Plan")
		if row != nil {
			text := func(v string) []byte {
				return append(binary.LittleEndian.AppendUint16(nil, uint16(2*len(v))), usVarchar(v)[2:]...)
			}
			out.put(byte(0xd1), row.id, text(row.email), text(row.hash), row.verified, text("free"))
		}
	case strings.HasPrefix(sql, "INSERT"):
		if row != nil {
			out.message(0xaa, 2627, 14, "Violation of UNIQUE KEY constraint 'UQ_Members_Email'.").done(kind, 2, 0)
			return
		}
		s.table = append(s.table, &mssqlMember{id: 7, email: param("email").text(), hash: param("hash").text()})
		n = 1
	case row != nil && strings.Contains(sql, "SET EmailVerified = 1"):
		row.verified = 1
	case row != nil && strings.Contains(sql, "SET PasswordHash"):
		row.hash = param("hash").text()
	case row != nil && strings.Contains(sql, "SET Email = @next"):
		row.email, row.verified = param("next").text(), param("verified").value[1]
	case strings.HasPrefix(sql, "DELETE"):
		id := binary.LittleEndian.Uint32(param("id").value[1:])
		for i, m := range s.table {
			if m.id == id {
				s.table = append(s.table[:i], s.table[i+1:]...)
				n = 1
				break
			}
		}
	}
	out.done(kind, 0x10, n)
}
