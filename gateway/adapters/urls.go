package adapters

import "net/url"

// queryOf returns the query of a URL, each name with its first value.
func queryOf(text string) object {
	q := object{}
	u, err := url.Parse(text)
	if err != nil {
		return q
	}
	for name, all := range u.Query() {
		q[name] = all[0]
	}
	return q
}

func hostOf(text string) string {
	if u, err := url.Parse(text); err == nil {
		return u.Hostname()
	}
	return ""
}
