{{/* The name that everything of this release begins with. */}}
{{- define "lockstep.name" -}}
{{- if contains "lockstep" .Release.Name -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-lockstep" .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{/* Labels of everything. Takes (dict "root" $ "component" "worker"). */}}
{{- define "lockstep.labels" -}}
{{ include "lockstep.selector" . }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* The labels that pods are chosen by. They never change. */}}
{{- define "lockstep.selector" -}}
app.kubernetes.io/name: lockstep
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* An image. Takes (dict "root" $ "program" "worker"). */}}
{{- define "lockstep.image" -}}
{{ printf "%s/%s:%s" .root.Values.image.repository .program (.root.Values.image.tag | default .root.Chart.AppVersion) }}
{{- end }}

{{- define "lockstep.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "lockstep.name" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end }}

{{/* What every pod may do: nothing but run, as nobody. */}}
{{- define "lockstep.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "lockstep.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Variables from the Secret. Takes (dict "root" $ "names" (list …) "optional" true). */}}
{{- define "lockstep.secrets" -}}
{{- range .names }}
- name: {{ . }}
  valueFrom: {secretKeyRef: {name: {{ $.root.Values.existingSecret | quote }}, key: {{ . }}, optional: {{ $.optional }}}}
{{- end }}
{{- end }}

{{/*
What the worker and the API both have to know. The keyset comes as a variable: a
mounted Secret is root's own, or readable to a group, and Lockstep refuses a keyset
file that others may read.
*/}}
{{- define "lockstep.settings" -}}
{{- include "lockstep.secrets" (dict "root" . "optional" false "names" (list "DATABASE_URL" "LOCKSTEP_KEYSET")) }}
{{- include "lockstep.secrets" (dict "root" . "optional" true "names" (list
  "LOCKSTEP_SALESFORCE_CLIENT_ID" "LOCKSTEP_SALESFORCE_CLIENT_SECRET"
  "LOCKSTEP_HUBSPOT_CLIENT_ID" "LOCKSTEP_HUBSPOT_CLIENT_SECRET"
  "TEMPORAL_API_KEY" "TEMPORAL_TLS_CLIENT_CERT_DATA" "TEMPORAL_TLS_CLIENT_KEY_DATA" "TEMPORAL_TLS_SERVER_CA_CERT_DATA")) }}
- {name: TEMPORAL_ADDRESS, value: {{ .Values.temporal.address | quote }}}
- {name: TEMPORAL_NAMESPACE, value: {{ .Values.temporal.namespace | quote }}}
{{- if .Values.temporal.tls }}
- {name: TEMPORAL_TLS, value: "true"}
{{- end }}
{{- with .Values.temporal.serverName }}
- {name: TEMPORAL_TLS_SERVER_NAME, value: {{ . | quote }}}
{{- end }}
{{- with .Values.settings.salesforceLoginURL }}
- {name: LOCKSTEP_SALESFORCE_LOGIN_URL, value: {{ . | quote }}}
{{- end }}
- {name: LOCKSTEP_RESERVE, value: {{ .Values.settings.reserve | quote }}}
- {name: LOCKSTEP_LOG_LEVEL, value: {{ .Values.settings.logLevel | quote }}}
- {name: LOCKSTEP_METRICS_ADDRESS, value: ":{{ .Values.metrics.port }}"}
{{- with .Values.metrics.otlpEndpoint }}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- end }}

{{/* Where pods go: apart from each other where they can. Takes (dict "root" $ "component" "worker" "values" .Values.worker). */}}
{{- define "lockstep.placement" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: {matchLabels: {{ include "lockstep.selector" . | fromYaml | toJson }}}
{{- with .values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with .values.affinity }}
affinity: {{ toJson . }}
{{- end }}
{{- end }}
