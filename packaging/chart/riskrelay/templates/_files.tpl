{{/* Configuration, rules, tuning and context, as ConfigMaps hold them and the pod sees them. */}}

{{/*
The files of a part, dict "root" $ "part" "rules": those of values and those of the chart's own folder files/PART, as a JSON list of
{path, key, text}. Keys of a ConfigMap can't hold a slash, which two underscores stand for. No file is lost to another of its key.
*/}}
{{- define "riskrelay.files" -}}
{{- $part := .part -}}
{{- $all := list -}}
{{- range $path, $text := default dict (get .root.Values $part) -}}
{{- $all = append $all (dict "path" $path "text" $text) -}}
{{- end -}}
{{- $folder := printf "files/%s/" $part -}}
{{- range $name, $_ := .root.Files.Glob (print $folder "**") -}}
{{- $all = append $all (dict "path" (trimPrefix $folder $name) "text" ($.root.Files.Get $name)) -}}
{{- end -}}
{{- $owners := dict -}}
{{- range $file := $all -}}
{{- if not (regexMatch "^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$" $file.path) -}}
{{- fail (printf "%s: %q can't be a path in a ConfigMap: use letters, digits, dashes, underscores and dots, no dot in front, and / between folders" $part $file.path) -}}
{{- end -}}
{{- $key := replace "/" "__" $file.path -}}
{{- if hasKey $owners $key -}}
{{- fail (printf "%s: %q and %q are the same key %q of a ConfigMap: rename one of them" $part (get $owners $key) $file.path $key) -}}
{{- end -}}
{{- $_ := set $owners $key $file.path -}}
{{- $_ := set $file "key" $key -}}
{{- end -}}
{{- toJson $all -}}
{{- end -}}

{{/* A ConfigMap's data, from a list of files. */}}
{{- define "riskrelay.data" -}}
{{- $data := dict -}}
{{- range . -}}{{- $_ := set $data .key .text -}}{{- end -}}
{{- toYaml $data -}}
{{- end -}}

{{/*
What a volume needs to show the files under their paths: nothing while each key is a path, so that files can come and go without a
new pod; otherwise where each key belongs.
*/}}
{{- define "riskrelay.items" -}}
{{- $items := list -}}
{{- $flat := true -}}
{{- range . -}}
{{- if ne .key .path -}}{{- $flat = false -}}{{- end -}}
{{- $items = append $items (dict "key" .key "path" .path) -}}
{{- end -}}
{{- if not $flat -}}{{- dict "items" $items | toYaml -}}{{- end -}}
{{- end -}}

{{/* The files of the configuration: riskrelay.yaml and conf.d. */}}
{{- define "riskrelay.configuration" -}}
{{- $files := list (dict "path" "riskrelay.yaml" "key" "riskrelay.yaml" "text" (include "riskrelay.yaml" .)) -}}
{{- range include "riskrelay.files" (dict "root" . "part" "dropIns") | fromJsonArray -}}
{{- if or (contains "/" .path) (not (hasSuffix ".yaml" .path)) -}}
{{- fail (printf "dropIns: %q isn't read: a file of conf.d is NAME.yaml" .path) -}}
{{- end -}}
{{- $files = append $files (dict "path" (print "conf.d/" .path) "key" (print "conf.d__" .path) "text" .text) -}}
{{- end -}}
{{- toJson $files -}}
{{- end -}}

{{/*
riskrelay.yaml: what values say, and what this chart says. Rules and tuning are read through the link ..data, which the kubelet swaps:
beside it, folders are links themselves, and riskrelay follows none that it comes upon.
*/}}
{{- define "riskrelay.yaml" -}}
{{- $config := deepCopy (default dict .Values.config) -}}
{{- range list "data_dir" "drain" -}}
{{- if hasKey $config . -}}{{- fail (printf "config.%s is the chart's: leave it out (drainSeconds says how long draining may take)" .) -}}{{- end -}}
{{- end -}}
{{- $metrics := default dict $config.metrics -}}
{{- if hasKey $metrics "listen" -}}{{- fail "config.metrics.listen is the chart's: leave it out (metrics.port says which port it is)" -}}{{- end -}}
{{- $rules := default dict $config.rules -}}
{{- $name := include "riskrelay.fullname" . -}}
{{- $hosts := list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) -}}
{{- $_ := set $config "data_dir" "/var/lib/riskrelay" -}}
{{- $_ := set $config "drain" (printf "%ds" (int .Values.drainSeconds)) -}}
{{- $_ := set $config "metrics" (merge (dict "listen" (printf ":%d" (int .Values.metrics.port)) "hosts" (concat $hosts (default list $metrics.hosts))) $metrics) -}}
{{- $_ := set $rules "paths" (concat (list "/rules/..data") (default list $rules.paths)) -}}
{{- $_ := set $rules "tuning" (concat (list "/tuning/..data") (default list $rules.tuning)) -}}
{{- range include "riskrelay.files" (dict "root" . "part" "context") | fromJsonArray -}}
{{- if and (eq .path "context.yaml") (not $rules.context) -}}{{- $_ := set $rules "context" "/context/context.yaml" -}}{{- end -}}
{{- end -}}
{{- $_ := set $config "rules" $rules -}}
{{- toYaml $config -}}
{{- end -}}
