{{/* Names and labels. */}}

{{/*
The name of the release's objects, short enough for the names that Kubernetes makes of it. The service's can't hold a dot, as releases'
may, and begins with a letter.
*/}}
{{- define "riskrelay.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if not (contains $name .Release.Name) -}}{{- $name = printf "%s-%s" .Release.Name $name -}}{{- else -}}{{- $name = .Release.Name -}}{{- end -}}
{{- $name = default $name .Values.fullnameOverride | replace "." "-" | trunc 50 | trimAll "-" -}}
{{- if not (regexMatch "^[a-z]" $name) -}}
{{- fail (printf "a service's name begins with a letter, and %q doesn't: set fullnameOverride" $name) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{/* What never changes in a release's life, so that selectors and volume claims may hold it. */}}
{{- define "riskrelay.identity" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
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
{{- mergeOverwrite $own (default dict .Values.commonLabels) (include "riskrelay.identity" . | fromYaml) | toYaml -}}
{{- end -}}

{{/* The metadata of an object: dict "root" $ "suffix" "-rules". */}}
{{- define "riskrelay.metadata" -}}
name: {{ print (include "riskrelay.fullname" .root) .suffix | quote }}
namespace: {{ .root.Release.Namespace | quote }}
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
