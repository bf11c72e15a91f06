package modules

import "maps"

// dbModules are the clients of databases. The protocols are spoken by the packages
// whose names end in wire, over connections that the Host opens; what scripts see
// is written here under the API of the originals. See doc/databases.md.
func dbModules() []Module {
	return []Module{
		dbModule("pg", "6.4.2", "pg_6", nil),
		dbModule("pg", "7.18.2", "pg_7", nil),
		dbModule("pg", "8.16.3", "pg_8", nil),
		dbModule("mysql", "2.18.1", "mysql", nil),
		dbModule("mysql2", "3.14.1", "mysql2", nil),
		dbModule("mysql2/promise", "3.14.1", "mysql2_promise", nil),
		dbModule("sqlstring", "2.3.3", "sqlstring", nil),
		dbModule("redis", "3.1.2", "redis_3", nil),
		dbModule("redis", "4.7.1", "redis_4", nil),
		dbModule("ioredis", "5.4.1", "ioredis", nil),
		dbModule("mongodb", "2.2.36", "mongodb_2", nil),
		dbStandard("mongodb", "3.7.4", "mongodb_3"),
		dbModule("mongodb", "4.17.2", "mongodb_4", nil),
		dbModule("mongodb", "6.8.0", "mongodb_6", nil),
		dbModule("tedious", "1.11.0", "tedious_1", nil),
		dbModule("tedious", "6.7.0", "tedious_6", nil),
		dbModule("tedious", "16.7.1", "tedious_16", nil),
		dbModule("mssql", "6.4.1", "mssql_6", nil),
		dbStandard("mssql", "10.0.4", "mssql_10"),

		dbHandlers("pg_core", pgNatives),
		dbInternal("pg_pool", nil),
		dbInternal("pg_legacy", nil),
		dbInternal("pg_config", pgConfigNatives),
		dbInternal("pg_types", nil),
		dbInternal("pg_types_more", nil),
		dbInternal("pg_values", nil),
		dbInternal("pg_magic", nil),
		dbInternal("mysql_core", mysqlNatives),
		dbInternal("mysql_pool", nil),
		dbInternal("mysql_config", nil),
		dbInternal("mysql_types", nil),
		dbInternal("mysql_errors", nil),
		dbInternal("mysql_promise", nil),
		dbInternal("mysql_magic", nil),
		dbInternal("redis_core", redisNatives),
		dbInternal("redis_commands", nil),
		dbInternal("mongo_core", nil),
		dbInternal("mongo_link", mongoNatives),
		dbInternal("mongo_config", nil),
		dbInternal("mongo_errors", nil),
		dbInternal("mongo_bson", nil),
		dbInternal("mongo_cursor", nil),
		dbInternal("mongo_collection", nil),
		dbInternal("mongo_magic", nil),
		dbInternal("tedious_core", nil),
		dbInternal("mssql_core", nil),
		dbInternal("mssql_link", mssqlNatives),
		dbInternal("mssql_types", nil),
		dbInternal("mssql_magic", nil),
	}
}

// dbGlobals are the magic globals that rules and database scripts had before
// Node.js 16.
func dbGlobals() []Global {
	return []Global{
		{Name: "pg", Module: "pg"},
		{Name: "postgres", Module: "internal/db/pg_magic"},
		{Name: "mysql", Module: "internal/db/mysql_magic", Export: "mysql"},
		{Name: "mysql_pool", Module: "internal/db/mysql_magic", Export: "mysql_pool"},
		{Name: "sqlserver", Module: "internal/db/mssql_magic"},
		{Name: "mongo", Module: "internal/db/mongo_magic", Export: "mongo"},
		{Name: "ObjectID", Module: "internal/db/mongo_magic", Export: "ObjectID"},
	}
}

func dbModule(name, version, file string, natives map[string]Native) Module {
	return Module{Name: name, Version: version, Source: source("db/" + file), Natives: natives}
}

// dbStandard is the generation that no version means.
func dbStandard(name, version, file string) Module {
	m := dbModule(name, version, file, nil)
	m.Standard = true
	return m
}

// dbInternal is the entry internal/db/<file>.
func dbInternal(file string, natives map[string]Native) Module {
	return Module{Name: "internal/db/" + file, Internal: true, Source: source("db/" + file), Natives: natives}
}

// dbHandlers is dbInternal for a source that gives natives functions.
func dbHandlers(file string, natives map[string]Native) Module {
	m := dbInternal(file, natives)
	m.Handlers = true
	return m
}

func joinNatives(parts ...map[string]Native) map[string]Native {
	m := map[string]Native{}
	for _, p := range parts {
		maps.Copy(m, p)
	}
	return m
}
