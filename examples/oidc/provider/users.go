package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A User is one account. It is a copy: what is changed in it stays there.
type User struct {
	// ID has the prefix of databases: auth0|7.
	ID string `json:"id"`
	// Profile is what the database said at the last login, as Rulebox made it whole:
	// with user_id and identities.
	Profile map[string]any `json:"profile"`
	// UserMetadata and AppMetadata are what actions have set, over what the
	// database has; nil takes a key away.
	UserMetadata map[string]any `json:"user_metadata"`
	AppMetadata  map[string]any `json:"app_metadata"`
	Logins       int            `json:"logins"`
	Created      time.Time      `json:"created"`
	LastLogin    time.Time      `json:"last_login"`
}

func (u *User) clone() *User {
	c := *u
	c.Profile, c.UserMetadata, c.AppMetadata = maps.Clone(u.Profile), maps.Clone(u.UserMetadata), maps.Clone(u.AppMetadata)
	return &c
}

// metadata is what scripts see: what the database has, and over it what was set.
func metadata(inDatabase any, set map[string]any) map[string]any {
	m := map[string]any{}
	if d, ok := inDatabase.(map[string]any); ok {
		maps.Copy(m, d)
	}
	for k, v := range set {
		if m[k] = v; v == nil {
			delete(m, k)
		}
	}
	return m
}

// Users are the accounts, in one JSON file. They are safe for concurrent use.
type Users struct {
	path string

	mu  sync.Mutex // guards all, and the file
	all map[string]*User
}

// OpenUsers reads the accounts from the file, which need not exist yet.
func OpenUsers(path string) (*Users, error) {
	u := &Users{path: path, all: map[string]*User{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return u, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &u.all)
	}
	if err != nil {
		return nil, fmt.Errorf("the users in %s: %w", path, err)
	}
	return u, nil
}

// Get returns the user, nil if there is none.
func (u *Users) Get(id string) *User {
	u.mu.Lock()
	defer u.mu.Unlock()
	if user := u.all[id]; user != nil {
		return user.clone()
	}
	return nil
}

// LoggedIn keeps the profile that the database gave and counts the login.
func (u *Users) LoggedIn(id string, profile map[string]any) (*User, error) {
	return u.change(id, func(user *User) {
		user.Profile = maps.Clone(profile)
		user.Logins++
		user.LastLogin = time.Now().UTC()
	})
}

// Set keeps changes of the user's metadata.
func (u *Users) Set(id string, userMetadata, appMetadata map[string]any) (*User, error) {
	return u.change(id, func(user *User) {
		maps.Copy(user.UserMetadata, userMetadata)
		maps.Copy(user.AppMetadata, appMetadata)
	})
}

// change changes the user, made if missing, and writes the file before it returns.
func (u *Users) change(id string, f func(*User)) (*User, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	user := &User{ID: id, Created: time.Now().UTC()}
	if old := u.all[id]; old != nil {
		user = old.clone()
	}
	if user.UserMetadata == nil {
		user.UserMetadata = map[string]any{}
	}
	if user.AppMetadata == nil {
		user.AppMetadata = map[string]any{}
	}
	f(user)
	next := maps.Clone(u.all)
	next[id] = user
	text, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := replace(u.path, text); err != nil {
		return nil, err
	}
	u.all = next
	return user.clone(), nil
}

// replace writes the file so that it is there whole or as it was.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".users-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
