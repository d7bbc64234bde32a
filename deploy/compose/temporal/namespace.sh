#!/bin/sh
# Makes the namespace that Lockstep runs in, and the search attributes that its
# workflows set. Doing it again changes nothing. The server may listen before it
# serves; whoever starts this starts it again when it fails.
set -eu

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
	temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 168h

for name in LockstepWorkspace LockstepConnection LockstepVendor LockstepRun LockstepOutcome; do
	temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type Keyword
done
