import { fromVariable, toData, type SecretUse } from './convert.ts'
import { fail, MissingTemplate, TemplateError, toTemplateError, type SourceFile } from './fault.ts'
import { GLOBALS } from './globals.ts'
import { readHeader } from './header.ts'
import { Interpreter } from './interpret.ts'
import { MAGIC } from './magic.ts'
import type { Delimiters } from './lexer.ts'
import { lookupFunction, type LookupSource } from './lookups.ts'
import { parse } from './parse.ts'
import { filterOf, testOf, unsupported } from './plugins.ts'
import { referencesOf, type References } from './references.ts'
import type { Statement } from './syntax.ts'
import { printed } from './text.ts'
import { Dict, Undefined } from './values.ts'

export { TemplateError } from './fault.ts'
export { filterNames } from './plugins.ts'
export { testNames } from './tests.ts'
export type { References } from './references.ts'

/** A rendered template. */
export interface Rendered {
  readonly text: string
  /** The text contains secrets. */
  readonly confidential: boolean
}

export type Vars = Readonly<Record<string, unknown>>

/** Files of the controller that templates name. */
export interface ControllerFiles {
  /** The text of a template to include; undefined: there is none. */
  readonly template: (name: string) => string | undefined
  /** The text of a file for `lookup('file')`; undefined: there is none. */
  readonly file: (name: string) => string | undefined
}

const NO_FILES: ControllerFiles = { template: () => undefined, file: () => undefined }

interface Parsed {
  readonly file: SourceFile
  readonly statements: readonly Statement[]
  /** There is nothing to render: the text stays as it is. */
  readonly isPlain: boolean
  /** Also of the templates that it includes. */
  readonly whitespace: Whitespace
}

/** Parsed templates by name and source: a play renders each for many hosts. */
const cache = new Map<string, Parsed>()

/**
 * Renders a Jinja2 template as Ansible does, without escaping. What differs from Ansible is refused, except for the
 * differences that docs/modules.md lists.
 *
 * @param name - of the template, for messages
 * @throws {TemplateError} the template has an error, or uses a variable that is not defined.
 */
export function render(
  source: string,
  name: string,
  vars: Vars,
  files: ControllerFiles = NO_FILES,
  whitespace: Whitespace = {},
): Rendered {
  const secrets: SecretUse = { used: false, substitute: undefined }
  const text = renderWith(source, name, vars, files, secrets, whitespace)
  return { text, confidential: secrets.used && hasSecrets(text, source, name, vars, files, whitespace) }
}

/** How whitespace and newlines are treated. The `#jinja2:` line of a template takes precedence. */
export type Whitespace = Partial<Pick<Delimiters, 'trim_blocks' | 'lstrip_blocks' | 'newline_sequence'>>

/** Whether a text depends on its secrets: a variable that was read need not be printed. */
function hasSecrets(
  text: string,
  source: string,
  name: string,
  vars: Vars,
  files: ControllerFiles,
  whitespace: Whitespace,
): boolean {
  try {
    return renderWith(source, name, vars, files, { used: false, substitute: '[REDACTED]' }, whitespace) !== text
  } catch (error) {
    if (error instanceof TemplateError) return true
    throw error
  }
}

function renderWith(
  source: string,
  name: string,
  vars: Vars,
  files: ControllerFiles,
  secrets: SecretUse,
  whitespace: Whitespace = {},
): string {
  const rendered = (parsed: Parsed): string => {
    if (parsed.isPlain) return parsed.file.text
    const value = evaluate(parsed, vars, files, secrets)
    if (value === null) return ''
    return typeof value === 'string' ? withNewlines(value, parsed) : printed(value)
  }
  return guarded(name, source, rendered, whitespace)
}

/**
 * The value of a text with `{{ }}`: of a single expression the value itself, otherwise a text.
 *
 * @param name - of the text, for messages
 * @throws {TemplateError} the text has an error, or uses a variable that is not defined.
 */
export function evaluateText(source: string, name: string, vars: Vars, files: ControllerFiles = NO_FILES): unknown {
  return guarded(name, source, (parsed) =>
    parsed.isPlain ? source : toData(evaluate(parsed, vars, files, { used: false, substitute: undefined })),
  )
}

/** Files that a template names with constants; none if it has a syntax error, which rendering reports. */
export function templateReferences(source: string, name: string): References {
  try {
    return guarded(name, source, ({ statements }) => referencesOf(statements))
  } catch (error) {
    if (error instanceof TemplateError) return { templates: new Set(), files: new Set() }
    throw error
  }
}

function guarded<T>(name: string, source: string, run: (parsed: Parsed) => T, whitespace: Whitespace = {}): T {
  try {
    return run(parsedTemplate(source, name, whitespace))
  } catch (error) {
    throw toTemplateError(error, { name, text: source, linesBefore: 0 })
  }
}

function parsedTemplate(source: string, name: string, whitespace: Whitespace = {}): Parsed {
  const key = `${JSON.stringify(whitespace)}${name}\0${source}`
  const known = cache.get(key)
  if (known !== undefined) return known
  const { file, marks } = readHeader(name, source, whitespace)
  const starts = [marks.block_start_string, marks.variable_start_string, marks.comment_start_string]
  const isPlain = file.linesBefore === 0 && !starts.some((start) => file.text.includes(start))
  const text = file.text.replace(/\r\n?/g, '\n').replace(/\n$/, '')
  const lines: SourceFile = { ...file, text }
  const parsed = {
    file,
    statements: isPlain ? plainText(lines) : parse(lines, marks),
    isPlain,
    whitespace,
  }
  cache.set(key, parsed)
  return parsed
}

const plainText = (file: SourceFile): Statement[] =>
  file.text === '' ? [] : [{ type: 'text', at: { file, offset: 0 }, text: file.text }]

/**
 * Jinja2 drops the newline at the end of a template; Ansible restores as many as there were, by the parameter of the
 * module, not by the `#jinja2:` line.
 */
function withNewlines(text: string, { file, whitespace }: Parsed): string {
  const wanted = /\n*$/.exec(file.text)?.[0].length ?? 0
  const present = /\n*$/.exec(text)?.[0].length ?? 0
  return text + (whitespace.newline_sequence ?? '\n').repeat(Math.max(0, wanted - present))
}

/** A variable may itself be a template that cannot be rendered: it is not defined, or has an error. */
function readVariable(vars: Vars, name: string, secrets: SecretUse): unknown {
  try {
    return fromVariable(vars[name], name, secrets)
  } catch (error) {
    if (!(error instanceof Error) || !('isUndefined' in error)) throw error
    return error.isUndefined === true ? new Undefined(name, error.message) : fail(error.message)
  }
}

function evaluate(parsed: Parsed, vars: Vars, files: ControllerFiles, secrets: SecretUse): unknown {
  const known = new Map<string, unknown>()
  const variable = (name: string): unknown => {
    if (known.has(name)) return known.get(name)
    const value = name in vars && !isInherited(name) ? readVariable(vars, name, secrets) : undefined
    known.set(name, value)
    return value
  }
  const load = (name: string): readonly Statement[] => {
    const text = files.template(name)
    if (text === undefined)
      throw new MissingTemplate(
        `the template "${name}" was not found: name it with a constant, relative to this template or to templates/`,
      )
    return parsedTemplate(text, name, parsed.whitespace).statements
  }
  const source: LookupSource = {
    file: files.file,
    template: (name) => {
      const text = files.template(name) ?? fail(`the lookup "template" finds no "${name}"`)
      return renderWith(text, name, vars, files, secrets)
    },
    variable,
  }
  const globals = new Map<string, unknown>([
    ...Object.entries(GLOBALS),
    ...['lookup', 'query', 'q'].map((name): [string, unknown] => [name, lookupFunction(name, source)]),
  ])
  const resolve = (name: string, isolated: boolean): unknown => {
    const own = isolated ? undefined : variable(name)
    if (own !== undefined && !(own instanceof Undefined)) return own
    if (name === 'vars' && !isolated) return allVariables(vars, variable)
    const known = globals.get(name)
    if (known === undefined && own === undefined && MAGIC.has(name))
      fail(`Ansible sets "${name}", Labbook does not: set it as a variable, or remove it from the template`)
    return known ?? own
  }
  // Not passed as they are: reading them would load all filters, which most templates do not use.
  const interpreter = new Interpreter(
    {
      resolve,
      filters: (name) => filterOf(name),
      tests: (name) => testOf(name),
      unsupported: (kind, name) => unsupported(kind, name),
    },
    load,
  )
  return interpreter.render(parsed.statements)
}

/** `toString` and the like are no variables. */
const isInherited = (name: string): boolean => name in Object.prototype

function allVariables(vars: Vars, variable: (name: string) => unknown): Dict {
  const all = new Dict()
  for (const name of Object.keys(vars)) all.setLazy(name, () => variable(name))
  return all
}
