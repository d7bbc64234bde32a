#!/bin/sh
# Run once, when PostgreSQL's volume is empty: a user and databases for Lockstep,
# and others for Temporal, neither of which can read the other's.
set -eu

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
	--set lockstep="$POSTGRES_LOCKSTEP_PASSWORD" --set temporal="$POSTGRES_TEMPORAL_PASSWORD" <<-'SQL'
	CREATE ROLE lockstep LOGIN PASSWORD :'lockstep';
	CREATE DATABASE lockstep OWNER lockstep;
	REVOKE CONNECT ON DATABASE lockstep FROM PUBLIC;

	CREATE ROLE temporal LOGIN PASSWORD :'temporal';
	CREATE DATABASE temporal OWNER temporal;
	REVOKE CONNECT ON DATABASE temporal FROM PUBLIC;
	CREATE DATABASE temporal_visibility OWNER temporal;
	REVOKE CONNECT ON DATABASE temporal_visibility FROM PUBLIC;
SQL
