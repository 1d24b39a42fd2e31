{{/* What is worth waking somebody for (critical), or worth a look (warning). Names of metrics are those of host/admin/README.md. */}}
{{- define "riskrelay.alerts" -}}
{{- $of := printf "job=%q,namespace=%q" (include "riskrelay.fullname" .) .Release.Namespace -}}
- alert: RiskrelayDown
  expr: absent(up{ {{- $of -}} } == 1)
  for: 10m
  labels: { severity: critical }
  annotations: { summary: "riskrelay doesn't answer Prometheus, so nothing is known of it." }
- alert: RiskrelayNotReady
  expr: riskrelay_ready{ {{- $of -}} } == 0
  for: 15m
  labels: { severity: critical }
  annotations: { summary: "A stream or a sink stands still; riskrelay status says which and why." }
- alert: RiskrelayStuck
  expr: riskrelay_stuck{ {{- $of -}} } == 1
  for: 5m
  labels: { severity: critical }
  annotations: { summary: "Something stands still without even failing: keep the log, then start riskrelay anew: in Kubernetes, delete the pod." }
- alert: RiskrelayLag
  expr: riskrelay_stream_ingestion_lag_seconds{ {{- $of -}} } > {{ int .Values.prometheusRule.lagSeconds }}
  for: 5m
  labels: { severity: warning }
  annotations: { summary: {{ "Sink {{ $labels.sink }} is {{ $value | humanizeDuration }} behind stream {{ $labels.stream }}." | quote }} }
- alert: RiskrelayRowsLost
  expr: delta(riskrelay_stream_lost_seconds{ {{- $of -}} }[1h]) > 0
  labels: { severity: critical }
  annotations: { summary: {{ "The workspace deleted rows of {{ $labels.stream }} before they were read." | quote }} }
- alert: RiskrelayDeadLetters
  expr: increase(riskrelay_sink_events_dead_lettered_total{ {{- $of -}} }[1h]) > 0
  labels: { severity: warning }
  annotations: { summary: {{ "Sink {{ $labels.sink }} refused events for good; riskrelay deadletter list says why." | quote }} }
- alert: RiskrelayCertificateEnds
  expr: riskrelay_certificate_expires_timestamp_seconds{ {{- $of -}} } - time() < 14 * 24 * 3600
  labels: { severity: warning }
  annotations: { summary: {{ "A certificate of {{ $labels.of }} ({{ $labels.whose }}) ends in {{ $value | humanizeDuration }}." | quote }} }
- alert: RiskrelayRulesRefused
  expr: riskrelay_rules_last_reload_successful{ {{- $of -}} } == 0
  labels: { severity: warning }
  annotations: { summary: "The last change of rules was refused; the old rules are at work, and the log says why." }
- alert: RiskrelayRuleOff
  expr: riskrelay_rule_breaker_open{ {{- $of -}} } == 1
  labels: { severity: warning }
  annotations: { summary: {{ "Rule {{ $labels.rule }} takes too long and is switched off." | quote }} }
- alert: RiskrelayRuleErrors
  expr: increase(riskrelay_rule_errors_total{ {{- $of -}} }[1h]) > 0
  labels: { severity: warning }
  annotations: { summary: {{ "Rule {{ $labels.rule }} can't judge some events; risk.errors in them says why." | quote }} }
- alert: RiskrelayModuleDown
  expr: riskrelay_module_up{ {{- $of -}} } == 0
  for: 5m
  labels: { severity: warning }
  annotations: { summary: {{ "Events go out without the tags of module {{ $labels.module }}." | quote }} }
- alert: RiskrelayModuleLies
  expr: increase(riskrelay_module_refused_tags_total{ {{- $of -}} }[1h]) > 0
  labels: { severity: warning }
  annotations: { summary: {{ "Module {{ $labels.module }} spoke in the name of another one's rules." | quote }} }
{{- end -}}
