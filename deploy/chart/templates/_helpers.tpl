{{- define "azure-ir-operator.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of everything: that of the release, with the chart's name unless it has it already. */}}
{{- define "azure-ir-operator.fullname" -}}
{{- $name := include "azure-ir-operator.name" . }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "azure-ir-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "azure-ir-operator.fullname" .) }}
{{- else }}
{{- required "serviceAccount.create is false: name the one to use in serviceAccount.name" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "azure-ir-operator.image" -}}
{{- $repository := required "image.repository: name the image that you have built and pushed, for example registry.example.com/azure-ir-operator (docs/image.md)" .Values.image.repository }}
{{- with .Values.global.imageRegistry }}{{ $repository = printf "%s/%s" (trimSuffix "/" .) $repository }}{{ end }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" $repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{/* Those of this chart, and those of a chart that has it as a part, which may be names alone. */}}
{{- define "azure-ir-operator.imagePullSecrets" -}}
{{- $all := list }}
{{- range concat .Values.imagePullSecrets (.Values.global.imagePullSecrets | default list) }}
{{- $all = append $all (ternary (dict "name" .) . (kindIs "string" .)) }}
{{- end }}
{{- toYaml (uniq $all) }}
{{- end }}

{{/* Fails the rendering where a value would have no effect. */}}
{{- define "azure-ir-operator.refuseUnheeded" -}}
{{- if .Chart.IsRoot }}
{{- range $name, $_ := .Values.global }}
{{- if not (has $name (list "imageRegistry" "imagePullSecrets" "commonLabels")) }}
{{- fail (printf "global.%s is not known: of global, imageRegistry, imagePullSecrets and commonLabels are heeded" $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.caBundle.configMap .Values.caBundle.secret }}
{{- fail "caBundle: name a ConfigMap or a Secret, not both" }}
{{- end }}
{{- range .Values.env }}
{{- if and (eq .name "NODE_EXTRA_CA_CERTS") (or $.Values.caBundle.configMap $.Values.caBundle.secret) }}
{{- fail "caBundle sets NODE_EXTRA_CA_CERTS, which env sets, too: Node takes one file" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "azure-ir-operator.commonLabels" -}}
{{- /* What the chart itself labels wins. */}}
{{- with omit (merge (deepCopy .Values.commonLabels) (.Values.global.commonLabels | default dict)) "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart" }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* Never more: the selector of a Deployment cannot be changed. */}}
{{- define "azure-ir-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "azure-ir-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "azure-ir-operator.labels" -}}
{{ include "azure-ir-operator.selectorLabels" . }}
{{ include "azure-ir-operator.releaseLabels" . }}
{{- end }}

{{/* Of a pod that is none of the operator's: no selector finds it. */}}
{{- define "azure-ir-operator.testLabels" -}}
app.kubernetes.io/name: {{ include "azure-ir-operator.name" . | trunc 58 }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{ include "azure-ir-operator.releaseLabels" . }}
{{- end }}

{{- define "azure-ir-operator.releaseLabels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with include "azure-ir-operator.commonLabels" . }}
{{ . }}
{{- end }}
{{- end }}

{{/* Those labels and others, which win: (dict "root" $ "own" …). */}}
{{- define "azure-ir-operator.labelsWith" -}}
{{- toYaml (merge (deepCopy .own) (include "azure-ir-operator.labels" .root | fromYaml)) }}
{{- end }}
