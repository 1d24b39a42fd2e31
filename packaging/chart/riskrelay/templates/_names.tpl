{{/* Names and labels. */}}

{{/* The name of the release's objects, short enough for the names that Kubernetes makes of it. */}}
{{- define "riskrelay.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if not (contains $name .Release.Name) -}}{{- $name = printf "%s-%s" .Release.Name $name -}}{{- else -}}{{- $name = .Release.Name -}}{{- end -}}
{{- default $name .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* What never changes in a release's life, so that selectors and volume claims may hold it. */}}
{{- define "riskrelay.identity" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "riskrelay.selector" -}}
{{ include "riskrelay.identity" . }}
app.kubernetes.io/component: forwarder
{{- end -}}

{{/* The pod of `helm test`, for which no selector but the network policy's may hold. */}}
{{- define "riskrelay.checker" -}}
{{ include "riskrelay.identity" . }}
app.kubernetes.io/component: check
{{- end -}}

{{/* All labels of an object. A version may hold a +, a label can't. */}}
{{- define "riskrelay.labels" -}}
{{- $own := dict
  "app.kubernetes.io/version" (.Chart.AppVersion | replace "+" "_" | trunc 63)
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- mergeOverwrite $own .Values.commonLabels (include "riskrelay.identity" . | fromYaml) | toYaml -}}
{{- end -}}

{{/* The metadata of an object: dict "root" $ "suffix" "-rules". */}}
{{- define "riskrelay.metadata" -}}
name: {{ include "riskrelay.fullname" .root }}{{ .suffix }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "riskrelay.labels" .root | nindent 2 }}
{{- end -}}

{{- define "riskrelay.serviceAccount" -}}
{{- default (.Values.serviceAccount.create | ternary (include "riskrelay.fullname" .) "default") .Values.serviceAccount.name -}}
{{- end -}}

{{/* A tag can't hold the + of a version between releases. */}}
{{- define "riskrelay.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default (.Chart.AppVersion | replace "+" "-") .Values.image.tag }}
{{- end -}}
{{- end -}}
