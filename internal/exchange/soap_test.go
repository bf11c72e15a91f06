//go:build !race

package exchange

import (
	"crypto/sha1" //nolint:gosec // WS-Security's password digest is made of it
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"html"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const wsdl = `<?xml version="1.0"?>
<definitions name="Users" targetNamespace="urn:users" xmlns:tns="urn:users" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <types><xsd:schema targetNamespace="urn:users" elementFormDefault="qualified">
    <xsd:element name="GetUser"><xsd:complexType><xsd:sequence><xsd:element name="id" type="xsd:string"/></xsd:sequence></xsd:complexType></xsd:element>
    <xsd:element name="GetUserResponse"><xsd:complexType><xsd:sequence><xsd:element name="name" type="xsd:string"/><xsd:element name="age" type="xsd:int"/><xsd:element name="active" type="xsd:boolean"/></xsd:sequence></xsd:complexType></xsd:element>
  </xsd:schema></types>
  <message name="In"><part name="parameters" element="tns:GetUser"/></message>
  <message name="Out"><part name="parameters" element="tns:GetUserResponse"/></message>
  <portType name="Port"><operation name="GetUser"><input message="tns:In"/><output message="tns:Out"/></operation></portType>
  <binding name="Binding" type="tns:Port"><soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="GetUser"><soap:operation soapAction="urn:users#GetUser"/><input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
  <service name="Users"><port name="Port" binding="tns:Binding"><soap:address location="http://ADDR/soap"/></port></service>
</definitions>`

type envelope struct {
	Header struct {
		Security struct {
			UsernameToken struct{ Username, Password, Nonce, Created string }
		}
	}
	Body struct {
		GetUser struct {
			ID string `xml:"id"`
		}
	}
}

// digest is the password digest of the WS-Security UsernameToken profile.
func (e *envelope) digest(password string) string {
	t := e.Header.Security.UsernameToken
	nonce, _ := base64.StdEncoding.DecodeString(t.Nonce)
	sum := sha1.Sum([]byte(string(nonce) + t.Created + password))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestSOAP(t *testing.T) {
	addr, got := serve(t, func(w http.ResponseWriter, r request) {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		if r.Method == "GET" {
			fmt.Fprint(w, strings.ReplaceAll(wsdl, "ADDR", r.Host))
			return
		}
		var e envelope
		if err := xml.Unmarshal([]byte(r.Body), &e); err != nil || e.digest("secret") != e.Header.Security.UsernameToken.Password {
			w.WriteHeader(500)
			fmt.Fprint(w, `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault><faultcode>soap:Client</faultcode><faultstring>wrong password</faultstring></soap:Fault></soap:Body></soap:Envelope>`)
			return
		}
		fmt.Fprintf(w, `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><GetUserResponse xmlns="urn:users"><name>Ann of %s</name><age>42</age><active>true</active></GetUserResponse></soap:Body></soap:Envelope>`, html.EscapeString(e.Body.GetUser.ID))
	})
	all := invokers(t)
	e := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}, body: `
		const soap = require('soap');
		const client = await soap.createClientAsync('http://' + configuration.ADDR + '/users?wsdl');
		client.setSecurity(new soap.WSSecurity('ann', 'secret', { passwordType: 'PasswordDigest', hasNonce: true }));
		const [user] = await client.GetUserAsync({ id: 'u<1>' });
		client.setSecurity(new soap.WSSecurity('ann', 'guess', { passwordType: 'PasswordDigest', hasNonce: true }));
		const failed = await client.GetUserAsync({ id: 'u1' }).catch((e) => e.message);
		return [user, failed, Object.keys(client.describe().Users.Port)];`}
	e.everywhere(t, all, `[{"name":"Ann of u<1>","age":42,"active":true},"soap:Client: wrong password",["GetUser"]]`)
	list := got.take()
	require.Len(t, list, 3*len(all))
	assert.Equal(t, `"urn:users#GetUser"`, list[1].Header.Get("Soapaction"))
}
