package transaction

import "encoding/json"

// A Connection is a tenant's user database whose scripts we run. Its chains are
// in Tenant.Chains, under db.<name>.<operation>; a script that the tenant does
// not have has no chain.
type Connection struct {
	Name string
	// Enabled says that the scripts are the database (options of the deploy CLI:
	// enabledDatabaseCustomization). Import says that a user who was found by them
	// is to be kept by the transaction server, which asks no more from then on
	// (import_mode).
	Enabled, Import bool
	// RequiresUsername says that a profile must have a username
	// (requires_username).
	RequiresUsername bool
	// ScriptContext says that scripts take an object with the organization before
	// the callback (enable_script_context).
	ScriptContext bool
	// Options are the connection's other options as they stand in its file. They
	// hold no secrets: configuration is the chains'.
	Options map[string]json.RawMessage
}
