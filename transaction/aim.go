package transaction

import "github.com/rulebox/rulebox"

// An aim is what a user logs in to. No rule runs again when a login goes on, so
// what they decided for one aim must not count for another: whoever has begun two
// logins could take the state of the one to the other.
type aim struct {
	Client       string `json:"client,omitempty"`
	Organization string `json:"organization,omitempty"`
	Audience     string `json:"audience,omitempty"`
}

// aim is what the invocation's user logs in to, as far as the caller says.
func (g *passage) aim() (a aim) {
	args := g.inv.Args
	if len(args) == 0 {
		return a
	}
	event := args[0]
	if g.inv.Trigger == rulebox.TriggerLogin {
		if event = nil; len(args) > 1 {
			a.Client, a.Organization = textOf(at(args[1], "clientID")), textOf(at(args[1], "organization", "id"))
		}
		if len(args) > 2 {
			event = args[2] // its members replace those of the same name
		}
	}
	for path, to := range map[[2]string]*string{
		{"client", "client_id"}: &a.Client, {"organization", "id"}: &a.Organization, {"resource_server", "identifier"}: &a.Audience,
	} {
		if v := textOf(at(event, path[:]...)); v != "" {
			*to = v
		}
	}
	return a
}

// missed names what a login that was begun for a must not go on for, empty if b
// is the same. A caller may leave out on the way back what it said before; then it
// answers for that itself. One that names the application has said all.
func (a aim) missed(b aim) string {
	switch {
	case b.Client != "" && b.Client != a.Client:
		return "application"
	case b.Organization != "" && b.Organization != a.Organization, b.Client != "" && b.Organization == "" && a.Organization != "":
		return "organization"
	case b.Audience != "" && b.Audience != a.Audience:
		return "API"
	}
	return ""
}
