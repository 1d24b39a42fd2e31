# What tests of installed riskrelays share: steps, comparisons, and rows that travel from the emulated workspace to the collector, both
# of `peers`. $peers is its folder, /test when nothing is said.
# shellcheck shell=bash
step() { echo; echo "== $*"; }

# is WHAT WANT GOT: says what it compared.
is() {
  echo "$1: $3"
  [ "$2" = "$3" ] || { echo "   expected $2"; return 1; }
}

# eventually COMMAND...: waits until the command succeeds, two minutes at most.
eventually() {
  local try
  for try in $(seq 240); do
    if "$@"; then return 0; fi
    sleep 0.5
  done
  echo "never came: $*"
  return 1
}

# row ID: a guest becomes owner of an application, just now.
row() {
  cat <<END
{"Type":"AuditLogs","_ItemId":"$1","TimeGenerated":"$(date -u +%Y-%m-%dT%H:%M:%SZ)","OperationName":"Add owner to application","Category":"ApplicationManagement","Result":"success","CorrelationId":"$1","InitiatedBy":{"user":{"id":"1","userPrincipalName":"ann@contoso.example"}},"TargetResources":[{"id":"2","type":"User","userPrincipalName":"bob_example.org#EXT#@contoso.example"},{"id":"3","displayName":"orders","type":"Application","modifiedProperties":[]}]}
END
}

# received ID WORD...: the collector got the row, with all the words in its event.
received() {
  local lines word
  lines=$(grep -F "\"$1\"" "${peers:-/test}/events.ndjson") || return 1
  for word in "${@:2}"; do grep -qF "$word" <<<"$lines" || return 1; done
}

# arrives ID WORD...: the row is added to the workspace, and reaches the collector.
arrives() {
  row "$1" >"${peers:-/test}/rows"
  eventually received "$@"
  echo "$1 arrived with ${*:2}"
}
