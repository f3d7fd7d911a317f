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
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{/* Never more: the selector of a Deployment cannot be changed. */}}
{{- define "azure-ir-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "azure-ir-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "azure-ir-operator.labels" -}}
{{ include "azure-ir-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}
