import nunjucks from 'nunjucks'
import { Secret } from '../../values/secret.ts'

/** A rendered template. */
export interface Rendered {
  readonly text: string
  /** The text contains secrets. */
  readonly confidential: boolean
}

/** A template could not be rendered. `message` starts with `NAME:LINE: `. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
}

type Vars = Readonly<Record<string, unknown>>

/** Compiled templates by their source: a play renders each for many hosts. */
const compiled = new Map<string, nunjucks.Template>()

/**
 * Renders a nunjucks template as Ansible renders Jinja2: no escaping, a newline after a block tag is removed, a
 * variable that is not defined is an error.
 *
 * @param name - of the template, for messages
 * @throws {TemplateError} the template has a syntax error, or prints a variable that is not defined.
 */
export function render(source: string, name: string, vars: Vars): Rendered {
  try {
    const template = compile(source)
    const usage = { secret: false }
    const text = template.render(revealing(vars, usage))
    // nunjucks reads all top-level variables: only a text that differs without its secrets contains any.
    return { text, confidential: usage.secret && text !== template.render({ ...vars }) }
  } catch (error) {
    throw new TemplateError(explain(error, source, name))
  }
}

function compile(source: string): nunjucks.Template {
  const cached = compiled.get(source)
  if (cached !== undefined) return cached
  const environment = new nunjucks.Environment([], { autoescape: false, throwOnUndefined: true, trimBlocks: true })
  environment.addFilter('to_json', (value: unknown) => JSON.stringify(value))
  environment.addFilter('to_nice_json', (value: unknown) => JSON.stringify(value, null, 4))
  const template = new nunjucks.Template(source, environment, undefined, true)
  compiled.set(source, template)
  return template
}

/** A proxy of the variables that reveals secrets at any depth and records that one was read. */
function revealing<T extends object>(value: T, usage: { secret: boolean }): T {
  // A proxy must return a frozen object's own values; a copy need not.
  const source: object = !Object.isFrozen(value)
    ? value
    : Array.isArray(value)
      ? [...(value as unknown[])]
      : { ...value }
  return new Proxy(source, {
    get(target, key) {
      const item: unknown = Reflect.get(target, key)
      if (item instanceof Secret) {
        usage.secret = true
        return item.reveal()
      }
      return isData(item) ? revealing(item, usage) : item
    },
  }) as T
}

const isData = (value: unknown): value is object =>
  Array.isArray(value) ||
  (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)

/**
 * `(unknown path) [Line 3, Column 5]\n  attempted to output null or undefined value` -> `x.j2:3: {{ port }} is not
 * defined`.
 */
function explain(error: unknown, source: string, name: string): string {
  const message = error instanceof Error ? error.message : String(error)
  const place = /\[Line (\d+)(?:, Column (\d+))?\]/.exec(message)
  const line = place?.[1] === undefined ? undefined : Number(place[1])
  const where = line === undefined ? name : `${name}:${line}`
  const reason = message
    .replace(/^(Template render error: )?\(unknown path\)\s*(\[[^\]]*\])?\s*/g, '')
    .replace(/^\w*Error: /, '')
    .trim()
  if (!reason.includes('null or undefined')) return `${where}: ${reason}`
  const expression = expressionAt(source, line ?? 1, Number(place?.[2] ?? 1))
  return `${where}: ${expression ?? 'a variable'} is not defined`
}

/** The `{{ ... }}` around a position in the template. */
function expressionAt(source: string, line: number, column: number): string | undefined {
  const text = source.split('\n')[line - 1] ?? ''
  const all = [...text.matchAll(/\{\{.*?\}\}/g)]
  return (all.find((match) => match.index + match[0].length >= column) ?? all.at(-1))?.[0]
}
