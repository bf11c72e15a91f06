package modules

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // fingerprints are shown, not trusted
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"
)

// certificateObject is a certificate as getPeerCertificate shows it.
func certificateObject(c *x509.Certificate) Object {
	one, two, five := sha1.Sum(c.Raw), sha256.Sum256(c.Raw), sha512.Sum512(c.Raw)
	o := Object{{"subject", nameObject(c.Subject)}, {"issuer", nameObject(c.Issuer)}}
	if names := altNames(c); names != "" {
		o = append(o, Field{"subjectaltname", names})
	}
	if info := accessInfo(c); info != nil {
		o = append(o, Field{"infoAccess", info})
	}
	o = append(o, Field{"ca", c.IsCA})
	o = append(o, publicFields(c)...)
	return append(o, Object{
		{"valid_from", opensslTime(c.NotBefore)}, {"valid_to", opensslTime(c.NotAfter)},
		{"fingerprint", colons(one[:])}, {"fingerprint256", colons(two[:])}, {"fingerprint512", colons(five[:])},
		{"serialNumber", strings.ToUpper(evenHex(c.SerialNumber.Text(16)))}, {"raw", c.Raw},
	}...)
}

func evenHex(s string) string {
	if len(s)%2 == 1 {
		return "0" + s
	}
	return s
}

func colons(b []byte) string {
	return strings.ReplaceAll(fmt.Sprintf("% X", b), " ", ":")
}

// shortNames are OpenSSL's for the parts of a name.
var shortNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "street",
	"2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "title", "2.5.4.17": "postalCode", "2.5.4.42": "GN",
	"1.2.840.113549.1.9.1": "emailAddress", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
}

// nameObject has a list where a part comes more than once.
func nameObject(n pkix.Name) Object {
	o := Object{}
next:
	for _, part := range n.Names {
		key := shortNames[part.Type.String()]
		if key == "" {
			key = part.Type.String()
		}
		value := fmt.Sprint(part.Value)
		for i := range o {
			if o[i].Key != key {
				continue
			}
			if list, ok := o[i].Value.([]any); ok {
				o[i].Value = append(list, value)
			} else {
				o[i].Value = []any{o[i].Value, value}
			}
			continue next
		}
		o = append(o, Field{key, value})
	}
	return o
}

func altNames(c *x509.Certificate) string {
	var list []string
	for _, n := range c.DNSNames {
		list = append(list, "DNS:"+n)
	}
	for _, n := range c.EmailAddresses {
		list = append(list, "email:"+n)
	}
	for _, n := range c.URIs {
		list = append(list, "URI:"+n.String())
	}
	for _, n := range c.IPAddresses {
		list = append(list, "IP Address:"+n.String())
	}
	return strings.Join(list, ", ")
}

func accessInfo(c *x509.Certificate) Object {
	var o Object
	for _, part := range []struct {
		name string
		urls []string
	}{{"OCSP - URI", c.OCSPServer}, {"CA Issuers - URI", c.IssuingCertificateURL}} {
		if len(part.urls) > 0 {
			list := make([]any, len(part.urls))
			for i, u := range part.urls {
				list[i] = u
			}
			o = append(o, Field{part.name, list})
		}
	}
	return o
}

func publicFields(c *x509.Certificate) Object {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return Object{{"modulus", strings.ToUpper(k.N.Text(16))}, {"bits", k.N.BitLen()}, {"exponent", fmt.Sprintf("0x%x", k.E)}, {"pubkey", publicBits(c)}}
	case *ecdsa.PublicKey:
		o := Object{{"bits", k.Curve.Params().BitSize}, {"pubkey", publicBits(c)}}
		for curve, names := range map[elliptic.Curve][2]string{elliptic.P256(): {"prime256v1", "P-256"}, elliptic.P384(): {"secp384r1", "P-384"}, elliptic.P521(): {"secp521r1", "P-521"}} {
			if curve == k.Curve {
				o = append(o, Field{"asn1Curve", names[0]}, Field{"nistCurve", names[1]})
			}
		}
		return o
	case ed25519.PublicKey:
		return Object{{"bits", 253}, {"pubkey", publicBits(c)}}
	}
	return nil
}

// publicBits is the key as it is in the certificate: for RSA the whole structure
// that Node.js shows, for curves the point.
func publicBits(c *x509.Certificate) []byte {
	if _, ok := c.PublicKey.(*rsa.PublicKey); ok {
		return c.RawSubjectPublicKeyInfo
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info); err != nil {
		return nil
	}
	return info.Key.RightAlign()
}
