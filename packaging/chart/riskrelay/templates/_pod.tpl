{{/* What riskrelay's pods have in common. */}}

{{/* Labels of a pod, dict "root" $ "labels" labels that win. */}}
{{- define "riskrelay.podLabels" -}}
{{- $labels := mergeOverwrite (include "riskrelay.labels" .root | fromYaml) (default dict .root.Values.podLabels) -}}
{{- if .root.Values.workloadIdentity.enabled -}}{{- $_ := set $labels "azure.workload.identity/use" "true" -}}{{- end -}}
{{- mergeOverwrite $labels (include .selector .root | fromYaml) | toYaml -}}
{{- end -}}

{{/* The parts of a pod that say who it is and where it runs. */}}
{{- define "riskrelay.pod" -}}
serviceAccountName: {{ include "riskrelay.serviceAccount" . | quote }}
automountServiceAccountToken: false # Entra Workload ID mounts a token of its own
enableServiceLinks: false
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.initContainers }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The parts of a container that don't depend on what it does. */}}
{{- define "riskrelay.container" -}}
image: {{ include "riskrelay.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
env:
  {{- include "riskrelay.environment" . | nindent 2 }}
volumeMounts:
  - { name: config, mountPath: /etc/riskrelay, readOnly: true }
  - { name: rules, mountPath: /rules, readOnly: true }
  - { name: tuning, mountPath: /tuning, readOnly: true }
  - { name: context, mountPath: /context, readOnly: true }
  {{- if .Values.secrets }}
  - { name: secrets, mountPath: /secrets, readOnly: true }
  {{- end }}
  - { name: data, mountPath: /var/lib/riskrelay }
  - { name: tmp, mountPath: /tmp }
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "riskrelay.environment" -}}
{{- $set := list (dict "name" "NO_COLOR" "value" "1") -}}
{{- with .Values.proxy.https }}{{ $set = append $set (dict "name" "HTTPS_PROXY" "value" .) }}{{ end -}}
{{- with .Values.proxy.http }}{{ $set = append $set (dict "name" "HTTP_PROXY" "value" .) }}{{ end -}}
{{- with .Values.proxy.noProxy }}{{ $set = append $set (dict "name" "NO_PROXY" "value" .) }}{{ end -}}
{{- concat $set (default list .Values.extraEnv) | toYaml -}}
{{- end -}}

{{/* All volumes but data. Secrets may be read by root and the pod's fsGroup, as riskrelay asks for. */}}
{{- define "riskrelay.volumes" -}}
- name: config
  {{- include "riskrelay.volume" (dict "root" . "suffix" "config" "files" (include "riskrelay.configuration" . | fromJsonArray)) | nindent 2 }}
{{- range list "rules" "tuning" "context" }}
- name: {{ . }}
  {{- include "riskrelay.volume" (dict "root" $ "suffix" . "files" (include "riskrelay.files" (dict "root" $ "part" .) | fromJsonArray)) | nindent 2 }}
{{- end }}
{{- if .Values.secrets }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $file, $from := .Values.secrets }}
      - secret:
          name: {{ $from.name | quote }}
          items: [{ key: {{ $from.key | quote }}, path: {{ $file | quote }} }]
      {{- end }}
{{- end }}
- name: tmp # sockets of rule modules
  emptyDir: { sizeLimit: 64Mi }
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "riskrelay.volume" -}}
configMap:
  name: {{ printf "%s-%s" (include "riskrelay.fullname" .root) .suffix | quote }}
  defaultMode: 0440
  {{- with include "riskrelay.items" .files }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end -}}
