//go:build !race

package exchange

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	keyID  = "AKIDEXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// checkSignature computes the AWS Signature Version 4 of a request anew. Source:
// "Create a signed AWS API request" in the IAM user guide.
func checkSignature(r request) error {
	auth, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return fmt.Errorf("Authorization is %q", r.Header.Get("Authorization"))
	}
	part := map[string]string{}
	for field := range strings.SplitSeq(auth, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		part[name] = value
	}
	scope := strings.SplitN(part["Credential"], "/", 2)
	if len(scope) != 2 || scope[0] != keyID {
		return fmt.Errorf("Credential is %q", part["Credential"])
	}
	path, query, _ := strings.Cut(r.Path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return err
	}
	var canonical strings.Builder
	if !strings.HasSuffix(scope[1], "/s3/aws4_request") && path != "/" {
		return fmt.Errorf("a path that would be escaped twice: %s", path)
	}
	fmt.Fprintf(&canonical, "%s\n%s\n%s\n", r.Method, path, strings.ReplaceAll(values.Encode(), "+", "%20"))
	names := strings.Split(part["SignedHeaders"], ";")
	if !slices.IsSorted(names) || !slices.Contains(names, "host") {
		return fmt.Errorf("SignedHeaders is %q", part["SignedHeaders"])
	}
	for _, name := range names {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(len(r.Body))
		}
		fmt.Fprintf(&canonical, "%s:%s\n", name, strings.Join(strings.Fields(value), " "))
	}
	digest := sha256.Sum256([]byte(r.Body))
	payload := hex.EncodeToString(digest[:])
	if sent := r.Header.Get("X-Amz-Content-Sha256"); sent == "UNSIGNED-PAYLOAD" || strings.HasPrefix(sent, "STREAMING-") {
		payload = sent
	} else if sent != "" && sent != payload {
		return fmt.Errorf("X-Amz-Content-Sha256 is not the body's")
	}
	fmt.Fprintf(&canonical, "\n%s\n%s", part["SignedHeaders"], payload)
	whole := sha256.Sum256([]byte(canonical.String()))
	key := []byte("AWS4" + secret)
	for step := range strings.SplitSeq(scope[1], "/") {
		key = mac(key, step)
	}
	want := hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+r.Header.Get("X-Amz-Date")+"\n"+scope[1]+"\n"+hex.EncodeToString(whole[:])))
	if want != part["Signature"] {
		return fmt.Errorf("the signature is not that of\n%s", canonical.String())
	}
	return nil
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// aws answers for several services, after checking who asks.
func aws(w http.ResponseWriter, r request) {
	w.Header().Set("X-Amzn-Requestid", "r1")
	if err := checkSignature(r); err != nil {
		w.WriteHeader(403)
		fmt.Fprintf(w, "<Error><Code>SignatureDoesNotMatch</Code><Message>%s</Message></Error>", err)
		return
	}
	target := r.Header.Get("X-Amz-Target")
	form, _ := url.ParseQuery(r.Body)
	switch {
	case r.Path == "/bucket/none" || strings.HasPrefix(r.Path, "/bucket/none?"):
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(404)
		fmt.Fprint(w, `<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>none</Key></Error>`)
	case strings.HasPrefix(r.Path, "/bucket/") && r.Method == "PUT":
		w.Header().Set("ETag", `"abc"`)
	case strings.HasPrefix(r.Path, "/bucket/"):
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, "the object")
	case form.Get("Action") == "SendEmail":
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, `<SendEmailResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><SendEmailResult><MessageId>m1</MessageId></SendEmailResult><ResponseMetadata><RequestId>r1</RequestId></ResponseMetadata></SendEmailResponse>`)
	case strings.HasSuffix(target, ".GetItem") && strings.Contains(r.Body, "nobody"):
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(400)
		fmt.Fprint(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}`)
	case strings.HasSuffix(target, ".GetItem"):
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		fmt.Fprint(w, `{"Item":{"id":{"S":"u1"},"n":{"N":"42"},"tags":{"L":[{"S":"a"},{"BOOL":true}]}}}`)
	case strings.HasSuffix(target, ".PutItem"):
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		fmt.Fprint(w, `{}`)
	case target == "secretsmanager.GetSecretValue":
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprint(w, `{"Name":"db","SecretString":"{\"password\":\"x\"}"}`)
	default:
		w.WriteHeader(400)
		fmt.Fprintf(w, "what is %s %s %s", r.Method, r.Path, target)
	}
}

const clientConfig = `
	const config = { endpoint: 'http://' + configuration.ADDR, region: 'eu-north-1', maxRetries: 0, maxAttempts: 1, s3ForcePathStyle: true, forcePathStyle: true,
		accessKeyId: '` + keyID + `', secretAccessKey: '` + secret + `', credentials: { accessKeyId: '` + keyID + `', secretAccessKey: '` + secret + `' } };
`

func TestAWS2(t *testing.T) {
	addr, got := serve(t, aws)
	all := invokers(t)
	base := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}}
	for _, tt := range []struct{ name, body, want string }{
		{"S3", `const AWS = require('aws-sdk'); delete config.credentials; const s3 = new AWS.S3(config);
			const put = await s3.putObject({ Bucket: 'bucket', Key: 'a/b c+ü', Body: 'hello', ContentType: 'text/plain', Metadata: { who: 'me' } }).promise();
			const get = await s3.getObject({ Bucket: 'bucket', Key: 'a/b c+ü' }).promise();
			const failed = await s3.getObject({ Bucket: 'bucket', Key: 'none' }).promise().catch((e) => [e.code, e.statusCode, e.message]);
			return [put.ETag, get.Body.toString(), Buffer.isBuffer(get.Body), get.ContentType, failed];`,
			`["\"abc\"","the object",true,"text/plain",["NoSuchKey",404,"The specified key does not exist."]]`},
		{"a large object", `const S3 = require('aws-sdk/clients/s3'); delete config.credentials; const s3 = new S3(config);
			const put = await s3.putObject({ Bucket: 'bucket', Key: 'big', Body: Buffer.alloc(1500000, 'x') }).promise(); return put.ETag;`, `"\"abc\""`},
		{"SES", `const AWS = require('aws-sdk'); delete config.credentials;
			return new AWS.SES(config).sendEmail({ Source: 'a@b.test', Destination: { ToAddresses: ['c@d.test'] }, Message: { Subject: { Data: 'Hi' }, Body: { Text: { Data: 'x & y' } } } }).promise().then((r) => r.MessageId);`, `"m1"`},
		{"DynamoDB", `const AWS = require('aws-sdk'); delete config.credentials; const db = new AWS.DynamoDB.DocumentClient(config);
			await db.put({ TableName: 'users', Item: { id: 'u1', n: 42 } }).promise();
			const { Item } = await db.get({ TableName: 'users', Key: { id: 'u1' } }).promise();
			const failed = await db.get({ TableName: 'users', Key: { id: 'nobody' } }).promise().catch((e) => [e.code, e.message]);
			return [Item, failed];`, `[{"id":"u1","n":42,"tags":["a",true]},["ResourceNotFoundException","Requested resource not found"]]`},
		{"a wrong key", `const AWS = require('aws-sdk'); delete config.credentials; config.secretAccessKey = 'guess';
			return new AWS.S3(config).getObject({ Bucket: 'bucket', Key: 'k' }).promise().catch((e) => e.code);`, `"SignatureDoesNotMatch"`},
		{"callback", `const AWS = require('aws-sdk'); delete config.credentials;
			return new Promise((ok) => new AWS.SecretsManager(config).getSecretValue({ SecretId: 'db' }, (err, data) => ok([err, JSON.parse(data.SecretString).password])));`, `[null,"x"]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := base
			e.body = clientConfig + tt.body
			e.everywhere(t, all, tt.want)
		})
	}
	for _, r := range got.take() {
		if r.Method == "PUT" && strings.HasPrefix(r.Path, "/bucket/a/") {
			assert.Equal(t, []string{"/bucket/a/b%20c%2B%C3%BC", "hello", "me", "text/plain"}, []string{r.Path, r.Body, r.Header.Get("X-Amz-Meta-Who"), r.Header.Get("Content-Type")})
		}
	}
}

func TestAWS3(t *testing.T) {
	addr, got := serve(t, aws)
	all := invokers(t)
	base := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}}
	for _, tt := range []struct{ name, body, want string }{
		{"S3", `const { S3Client, PutObjectCommand, GetObjectCommand } = require('@aws-sdk/client-s3'); const s3 = new S3Client(config);
			const put = await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'a/b c', Body: 'hello' }));
			const get = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'a/b c' }));
			const failed = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'none' })).catch((e) => [e.name, e.$metadata.httpStatusCode, e.message]);
			return [put.ETag, await get.Body.transformToString(), failed];`, `["\"abc\"","the object",["NoSuchKey",404,"The specified key does not exist."]]`},
		{"SES", `const { SESClient, SendEmailCommand } = require('@aws-sdk/client-ses');
			return (await new SESClient(config).send(new SendEmailCommand({ Source: 'a@b.test', Destination: { ToAddresses: ['c@d.test'] }, Message: { Subject: { Data: 'Hi' }, Body: { Text: { Data: 'x' } } } }))).MessageId;`, `"m1"`},
		{"DynamoDB", `const { DynamoDBClient } = require('@aws-sdk/client-dynamodb'); const { DynamoDBDocumentClient, GetCommand, PutCommand } = require('@aws-sdk/lib-dynamodb');
			const db = DynamoDBDocumentClient.from(new DynamoDBClient(config));
			await db.send(new PutCommand({ TableName: 'users', Item: { id: 'u1' } }));
			const { Item } = await db.send(new GetCommand({ TableName: 'users', Key: { id: 'u1' } }));
			const failed = await db.send(new GetCommand({ TableName: 'users', Key: { id: 'nobody' } })).catch((e) => e.name);
			return [Item, failed];`, `[{"id":"u1","n":42,"tags":["a",true]},"ResourceNotFoundException"]`},
		{"SecretsManager", `const { SecretsManagerClient, GetSecretValueCommand } = require('@aws-sdk/client-secrets-manager');
			return (await new SecretsManagerClient(config).send(new GetSecretValueCommand({ SecretId: 'db' }))).Name;`, `"db"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := base
			e.body = clientConfig + tt.body
			e.everywhere(t, all, tt.want)
		})
	}
	require.NotEmpty(t, got.take())
}
