import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { chartTemplate, chartTemplates } from '../../../../templates/k3s/chart.ts'

const CHART = new URL('../../../../templates/k3s/chart/templates/', import.meta.url)

t.test('Helm chart is generated from the templates: run "npm run chart"', (t) => {
  const templates = chartTemplates()
  t.strictSame(readdirSync(CHART).sort(), [...templates.keys()].sort())
  for (const [name, text] of templates) t.equal(readFileSync(new URL(name, CHART), 'utf8'), text, name)
  t.end()
})

t.test('Chart generator translates expressions and conditions', (t) => {
  const rows: readonly [template: string, chart: string][] = [
    ['a: {{ log_level }}', 'a: {{ .Values.logLevel }}'],
    ['a: {{ log_level | to_json }}', 'a: {{ .Values.logLevel | toJson }}'],
    ['a: {{ redis_image | to_json }}', 'a: {{ required "give redisImage" .Values.redisImage | toJson }}'],
    [
      '{% if storage_class %}\na: {{ storage_class }}\n{% endif %}',
      '{{- with .Values.storageClass }}\na: {{ . }}\n{{- end }}',
    ],
    ['{% if not autoscale %}\na: 1\n{% endif %}', '{{- if not .Values.autoscale }}\na: 1\n{{- end }}'],
  ]
  for (const [template, chart] of rows) t.equal(chartTemplate('x.yaml', template), chart, template)
  t.equal(chartTemplate('hpa.yaml', 'a: 1\n'), '{{- if .Values.autoscale }}\na: 1\n{{- end }}\n')
  t.end()
})

t.test('Chart generator rejects what it cannot translate', (t) => {
  for (const text of ['a: {{ x | upper }}', "{% if x == 'y' %}", '{% for x in y %}'])
    t.throws(() => chartTemplate('x.yaml', text), /has no translation of/, text)
  t.end()
})
