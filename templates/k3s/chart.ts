import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/*
 * Writes the Helm chart's templates from the Jinja2 templates beside this file, so that there is one source.
 * `npm run chart`.
 */

const FOLDER = import.meta.dirname

/** Expressions that are not just the chart's value of the same name. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  namespace: '.Release.Namespace',
  "(workers ~ '') | to_json": '.Values.workers | toString | toJson',
  'settings_checksum | to_json': 'printf "%s|%v" .Values.logLevel .Values.workers | sha256sum | trunc 16 | toJson',
  "('requirepass ' ~ redis_password ~ '\\nmasterauth ' ~ redis_password ~ '\\n') | to_json":
    'printf "requirepass %s\\nmasterauth %s\\n" .Values.redisPassword .Values.redisPassword | toJson',
}
/** Values that the chart has no default for. */
const REQUIRED = new Set(['counter_image', 'redis_image', 'haproxy_image', 'redis_password'])
/** Files that a playbook leaves out, and the chart's condition in its place. */
const CONDITIONS: Readonly<Record<string, string>> = {
  'hpa.yaml': 'if .Values.autoscale',
  'namespace.yaml': 'if .Values.createNamespace',
  'redis.yaml': 'if not .Values.sentinel',
  'redis-sentinel.yaml': 'if .Values.sentinel',
}
/** What only readers of the Jinja2 templates need. */
const INTRODUCTION = /^# The Counter app on Kubernetes\..*\n(?:#.*\n)*/

/** `redis_password` -> `.Values.redisPassword`. */
const valueOf = (name: string): string =>
  `.Values.${name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())}`

/** @throws {Error} an expression with no translation. */
function expression(text: string, inside: string | undefined): string {
  const known = EXPRESSIONS[text]
  if (known !== undefined) return known
  const [, name = '', json] = /^([a-z_]+)( \| to_json)?$/.exec(text) ?? []
  if (name === '') throw new Error(`templates/k3s/chart.ts has no translation of {{ ${text} }}`)
  const required = REQUIRED.has(name) ? `required "give ${valueOf(name).slice('.Values.'.length)}" ` : ''
  return `${required}${name === inside ? '.' : valueOf(name)}${json === undefined ? '' : ' | toJson'}`
}

/**
 * A template of the chart.
 *
 * @param name - of the file.
 * @param text - the Jinja2 template: `{{ expressions }}`, and `{% if name %}`, `{% if not name %}`, `{% endif %}` on
 *   lines of their own, not nested.
 * @throws {Error} an expression or a tag with no translation.
 */
export function chartTemplate(name: string, text: string): string {
  let inside: string | undefined
  const lines = text
    .replace(INTRODUCTION, '')
    .split('\n')
    .map((line) => {
      const [, tag] = /^\{% (.*) %\}$/.exec(line) ?? []
      if (tag === 'endif') {
        inside = undefined
        return '{{- end }}'
      }
      const [, not, condition = ''] = /^if (not )?([a-z_]+)$/.exec(tag ?? '') ?? []
      if (condition !== '') {
        inside = not === undefined ? condition : undefined
        return not === undefined ? `{{- with ${valueOf(condition)} }}` : `{{- if not ${valueOf(condition)} }}`
      }
      if (line.includes('{%')) throw new Error(`templates/k3s/chart.ts has no translation of ${line}`)
      return line.replaceAll(/\{\{ (.+?) \}\}/g, (_, of: string) => `{{ ${expression(of, inside)} }}`)
    })
  const condition = CONDITIONS[name]
  return condition === undefined ? lines.join('\n') : `{{- ${condition} }}\n${lines.join('\n')}{{- end }}\n`
}

/** The chart's templates by file name. */
export function chartTemplates(): Map<string, string> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'))
  return new Map(names.map((name) => [name, chartTemplate(name, readFileSync(path.join(FOLDER, name), 'utf8'))]))
}

if (process.argv[1] === import.meta.filename) {
  mkdirSync(path.join(FOLDER, 'chart/templates'), { recursive: true })
  for (const [name, text] of chartTemplates()) writeFileSync(path.join(FOLDER, 'chart/templates', name), text)
}
