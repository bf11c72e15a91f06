//go:build !race

package exchange

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/testserver"
)

// An smtpServer takes mail over STARTTLS from who knows the password.
type smtpServer struct {
	t    *testing.T
	conf *tls.Config
	addr *net.TCPAddr

	mu   sync.Mutex
	mail []letter
}

type letter struct {
	from, user, data string
	to               []string
	secure           bool
}

func newSMTP(t *testing.T, cert *testserver.Certificate) *smtpServer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &smtpServer{t: t, conf: &tls.Config{Certificates: []tls.Certificate{cert.Pair(t)}}, addr: l.Addr().(*net.TCPAddr)}
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() {
				defer c.Close()
				s.serve(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wait.Wait()
	})
	return s
}

func (s *smtpServer) serve(c net.Conn) {
	in := bufio.NewReader(c)
	say := func(format string, args ...any) { fmt.Fprintf(c, format+"\r\n", args...) }
	say("220 mail.test ESMTP")
	var m letter
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			if m.secure {
				say("250-mail.test\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME")
			} else {
				say("250-mail.test\r\n250 STARTTLS")
			}
		case "STARTTLS":
			say("220 go ahead")
			c = tls.Server(c, s.conf)
			in = bufio.NewReader(c)
			m = letter{secure: true}
		case "AUTH":
			kind, first, _ := strings.Cut(rest, " ")
			b, _ := base64.StdEncoding.DecodeString(first)
			if user, ok := strings.CutSuffix(strings.TrimPrefix(string(b), "\x00"), "\x00pass word"); ok && kind == "PLAIN" && m.secure {
				m.user = user
				say("235 2.7.0 welcome")
			} else {
				say("535 5.7.8 wrong user or password")
			}
		case "MAIL":
			m.from, m.to = rest, nil
			say("250 ok")
		case "RCPT":
			if strings.Contains(rest, "nobody@") {
				say("550 5.1.1 no such user")
				continue
			}
			m.to = append(m.to, rest)
			say("250 ok")
		case "DATA":
			say("354 send")
			var b strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				b.WriteString(strings.TrimPrefix(line, "."))
			}
			m.data = b.String()
			s.mu.Lock()
			s.mail = append(s.mail, m)
			s.mu.Unlock()
			say("250 2.0.0 queued as 42")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *smtpServer) take() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.mail
	s.mail = nil
	return list
}

const transport = `
	const nodemailer = require('nodemailer');
	const make = (more) => nodemailer.createTransport(Object.assign({ host: '127.0.0.1', port: Number(configuration.PORT), requireTLS: true,
		tls: { ca: configuration.CA, servername: 'localhost' }, auth: { user: 'ann', pass: configuration.PASSWORD } }, more));
`

func TestNodemailer(t *testing.T) {
	cert := testserver.NewCertificate(t, nil)
	s := newSMTP(t, cert)
	conf := map[string]string{"PORT": fmt.Sprint(s.addr.Port), "CA": cert.CA, "PASSWORD": "pass word"}
	egress := []string{s.addr.String()}
	all := invokers(t)

	t.Run("a letter with parts", func(t *testing.T) {
		e := exchange{configuration: conf, egress: egress, body: transport + `
			const info = await make().sendMail({ from: '"Søren" <login@acme.test>', to: 'bob@example.test, carol@example.test', subject: 'Wëlcome', text: 'Hällo\n.\ndot', html: '<b>Hällo</b>',
				attachments: [{ filename: 'a.bin', content: Buffer.from([0, 1, 2, 255]) }] });
			return [info.accepted, info.rejected, info.response, /^<.+@acme\.test>$/.test(info.messageId)];`}
		e.everywhere(t, all, `[["bob@example.test","carol@example.test"],[],"250 2.0.0 queued as 42",true]`)
		letters := s.take()
		require.Len(t, letters, len(all))
		for _, l := range letters {
			assert.True(t, l.secure, "over TLS")
			assert.Equal(t, "ann", l.user)
			assert.Contains(t, l.from, "<login@acme.test>")
			assert.Len(t, l.to, 2)
			checkLetter(t, l.data)
		}
	})
	t.Run("wrong password", func(t *testing.T) {
		bad := map[string]string{"PORT": conf["PORT"], "CA": cert.CA, "PASSWORD": "guess"}
		e := exchange{configuration: bad, egress: egress, body: transport + `try { await make().verify(); } catch (e) { return [e.code, e.responseCode, e.command]; }`}
		e.everywhere(t, all, `["EAUTH",535,"AUTH PLAIN"]`)
	})
	t.Run("refused recipient", func(t *testing.T) {
		e := exchange{configuration: conf, egress: egress, body: transport + `try { await make().sendMail({ from: 'a@b.test', to: 'nobody@example.test', text: 'x' }); } catch (e) { return [e.code, e.responseCode, e.rejected]; }`}
		e.everywhere(t, all, `["EENVELOPE",550,["nobody@example.test"]]`)
	})
	t.Run("a certificate that nobody signed", func(t *testing.T) {
		e := exchange{configuration: conf, egress: egress, body: transport + `try { await make({ tls: { servername: 'localhost' } }).verify(); return 'trusted'; } catch (e) { return e.code; }`}
		e.everywhere(t, all, `"ESOCKET"`)
		e.body = transport + `try { await make({ tls: { ca: configuration.CA, servername: 'other.test' } }).verify(); return 'trusted'; } catch (e) { return e.message; }`
		e.everywhere(t, all, `"Hostname/IP does not match certificate's altnames: Host: other.test. is not in the cert's altnames: DNS:localhost, IP Address:127.0.0.1"`)
	})
	t.Run("a pool", func(t *testing.T) {
		e := exchange{configuration: conf, egress: egress, body: transport + `
			const p = make({ pool: true, maxConnections: 2 });
			const done = await Promise.all([1, 2, 3, 4].map((n) => p.sendMail({ from: 'a@b.test', to: 'bob@example.test', subject: String(n), text: 'x' })));
			p.close();
			return done.length;`}
		e.everywhere(t, all, `4`)
		assert.Len(t, s.take(), 4*len(all))
	})
	assert.Empty(t, s.take())
}

// checkLetter reads the letter with Go's own readers.
func checkLetter(t *testing.T, data string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	require.NoError(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	assert.Equal(t, "Wëlcome", subject)
	from, err := m.Header.AddressList("From")
	require.NoError(t, err)
	assert.Equal(t, "Søren", from[0].Name)
	parts := map[string]string{}
	collect(t, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body, parts)
	assert.Equal(t, "Hällo\n.\ndot", strings.ReplaceAll(parts["text/plain"], "\r\n", "\n"))
	assert.Equal(t, "<b>Hällo</b>", parts["text/html"])
	assert.Equal(t, "\x00\x01\x02\xff", parts["application/octet-stream"])
}

func collect(t *testing.T, contentType, encoding string, body io.Reader, parts map[string]string) {
	kind, params, err := mime.ParseMediaType(contentType)
	require.NoError(t, err)
	if strings.HasPrefix(kind, "multipart/") {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if err == io.EOF {
				return
			}
			require.NoError(t, err)
			collect(t, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, parts)
		}
	}
	switch encoding {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	b, err := io.ReadAll(body)
	require.NoError(t, err)
	parts[kind] = strings.TrimRight(string(b), "\r\n")
}
