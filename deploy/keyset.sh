#!/bin/sh
# Prints a fresh keyset for LOCKSTEP_KEYSET, in base64: a Tink keyset of one
# AES-256-GCM key, as package secret makes it. Keep a copy where the database's
# backups are not: without it every CRM has to be reconnected, and with it a copy
# of the database opens.
set -eu

id=$(($(od -An -N4 -tu4 /dev/urandom) % 2147483647 + 1))
# The key as a protocol buffer: field 3, 32 bytes.
key=$({
	printf '\032\040'
	head -c 32 /dev/urandom
} | base64 -w 0)

printf '{"primaryKeyId":%s,"key":[{"keyData":{"typeUrl":"type.googleapis.com/google.crypto.tink.AesGcmKey","value":"%s","keyMaterialType":"SYMMETRIC"},"status":"ENABLED","keyId":%s,"outputPrefixType":"TINK"}]}' \
	"$id" "$key" "$id" | base64 -w 0
echo
