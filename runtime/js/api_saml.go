package js

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// Bounds of a SAML response, in bytes where nothing else is said.
const (
	maxAttributeName  = 1 << 10
	maxAttributeValue = 2 << 10
	maxSAMLAddress    = 2 << 10
	maxSAMLFormat     = 512
	maxProbes         = 10
	maxCertificate    = 4 << 10
)

// samlSetters are the texts and switches of a SAML response: the longest text, 0
// for a switch; and the values that are allowed.
var samlSetters = []struct {
	name   string
	max    int
	values []string
}{
	{"Audience", maxSAMLAddress, nil}, {"Recipient", maxSAMLAddress, nil}, {"Destination", maxSAMLAddress, nil}, {"Issuer", maxSAMLAddress, nil},
	{"RelayState", maxSAMLAddress, nil},
	{"CreateUpnClaim", 0, nil}, {"PassthroughClaimsWithNoMapping", 0, nil}, {"MapUnknownClaimsAsIs", 0, nil}, {"MapIdentities", 0, nil},
	{"SignResponse", 0, nil}, {"IncludeAttributeNameFormat", 0, nil}, {"TypedAttributes", 0, nil},
	{"SignatureAlgorithm", maxSAMLFormat, []string{"rsa-sha256", "rsa-sha1"}}, {"DigestAlgorithm", maxSAMLFormat, []string{"sha256", "sha1"}},
	{"EncryptionAlgorithm", maxSAMLFormat, []string{"aes256-gcm", "aes256-cbc"}},
	{"NameIdentifierFormat", maxSAMLFormat, nil}, {"AuthnContextClassRef", maxSAMLFormat, nil},
	{"SigningCert", maxCertificate, nil}, {"EncryptionCert", maxCertificate, nil}, {"EncryptionPublicKey", maxCertificate, nil},
	{"Cert", maxCertificate, nil}, {"Key", maxCertificate, nil},
}

func samlMethods() []method {
	list := []method{
		{"samlResponse.setAttribute", onPostLogin, samlAttribute},
		{"samlResponse.setLifetimeInSeconds", onPostLogin, func(a *apiCall) goja.Value {
			v := a.arg(0)
			f := v.ToFloat()
			if kindOf(v) != "a number" || !(f > 0) || f > 1<<31 {
				a.bad("the lifetime must be a number of seconds above 0; it is %s", kindOf(v))
			}
			return a.emit(int64(f))
		}},
		{"samlResponse.setNameIdentifierProbes", onPostLogin, func(a *apiCall) goja.Value {
			var probes [][]byte
			for _, v := range a.list(a.arg(0), "the probes", maxProbes) {
				s, ok := v.(goja.String)
				if !ok || s.Length() == 0 || len(s.String()) > maxSAMLFormat {
					a.bad("each probe must be a string of 1 to %d bytes; one is %s", maxSAMLFormat, kindOf(v))
				}
				probes = append(probes, appendQuoted(nil, s.String()))
			}
			return a.emit(json.RawMessage(arrayOf(probes)))
		}},
	}
	for _, s := range samlSetters {
		list = append(list, method{"samlResponse.set" + s.name, onPostLogin, func(a *apiCall) goja.Value {
			if s.max == 0 {
				return a.emit(a.bool(0, "the value"))
			}
			text := a.str(0, "the value", s.max)
			if s.values != nil && !slices.Contains(s.values, text) {
				a.bad("the value must be %s; it is %q", strings.Join(s.values, " or "), clipName(text))
			}
			return a.emit(text)
		}})
	}
	return list
}

// samlAttribute sets an attribute of the response: a primitive or an array of them;
// null and undefined remove it.
func samlAttribute(a *apiCall) goja.Value {
	name, v := a.str(0, "the name of the attribute", maxAttributeName), a.arg(1)
	if isNone(v) {
		return a.emit(name, json.RawMessage("null"))
	}
	values := []goja.Value{v}
	if o, ok := v.(*goja.Object); ok && isArrayObject(o) {
		values = a.list(v, "the value", 1000)
	}
	for _, v := range values {
		switch kindOf(v) {
		case "a string", "a number", "a boolean", "null":
		default:
			a.bad("the value of %s must be a string, a number, a boolean, null or an array of these; it is %s", clipName(name), kindOf(v))
		}
	}
	text, _ := a.json(v, fmt.Sprintf("the value of %s", clipName(name)))
	if len(text) > maxAttributeValue+2 {
		a.bad("the value of %s has %d bytes; at most %d are allowed", clipName(name), len(text), maxAttributeValue)
	}
	return a.emit(name, text)
}
