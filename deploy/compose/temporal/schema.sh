#!/bin/sh
# Brings both of Temporal's databases to the schema that this version of
# temporal-sql-tool carries. Doing it again changes nothing.
set -eu

for database in temporal temporal_visibility; do
	name=postgresql/v12/${database#temporal_}
	export SQL_DATABASE="$database"
	temporal-sql-tool setup-schema --version 0.0
	temporal-sql-tool update-schema --schema-name "$name"
done
