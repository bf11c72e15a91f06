package near

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestName(t *testing.T) {
	all := []string{"login", "post-login", "get_user", "change_password"}
	for word, want := range map[string]string{
		"logn": "login", "Login": "login", "postlogin": "post-login", "post_login": "post-login",
		"getUser": "get_user", "lgoin": "login", "chnage_password": "change_password", "login": "login",
		"zebra": "", "": "", "x": "", "verify": "",
	} {
		assert.Equal(t, want, Name(word, all), word)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "axc", 1}, {"abc", "ac", 1}, {"ab", "ba", 1}, {"axois", "axios", 1}, {"ca", "abc", 3}, {"kitten", "sitting", 3}} {
		assert.Equal(t, c.want, distance(c.a, c.b, 9), c.a+c.b)
	}
}
