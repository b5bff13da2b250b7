import type { Inventory } from '../inventory/index.ts'
import { TemplateError } from '../templates/index.ts'
import { Reference } from '../values/reference.ts'
import { secret } from '../values/secret.ts'
import { DecryptionError, hasTemplate, TemplateText } from '../values/template-text.ts'
import type { VarReadTracker } from '../values/var-reads.ts'
import { PlaybookError } from './play.ts'
import { concealed, namesIn, templateValue } from './template-value.ts'

type Vars = Readonly<Record<string, unknown>>

/** What templates in variables may use besides the variables themselves. */
export interface VariableContext {
  /** The host that the variables belong to. */
  readonly host: string
  readonly groups?: Readonly<Record<string, readonly string[]>>
  /** The variables of another host. */
  readonly hostvars?: (name: string) => Vars
  /** Records the variables that templates use. */
  readonly reads?: VarReadTracker
}

/** A variable could not be rendered. `message` has its position, name and host. */
class VariableError extends PlaybookError {
  /** A variable that it uses is not defined, which `default` may handle. */
  readonly isUndefined: boolean

  constructor(message: string, isUndefined: boolean) {
    super(message)
    this.isUndefined = isUndefined
  }
}

/**
 * Renders variables with their own values, each when it is read first: `base_url: "https://{{ domain }}"`. Text of
 * playbooks, facts and text marked with `!unsafe` stays as it is.
 *
 * @returns a view; the same object if no variable contains a template. Reading a variable throws {@link PlaybookError}
 *   if it uses one that is not defined, or if variables refer to each other in a loop.
 */
export function renderVariables<T extends Vars>(vars: T, context: VariableContext): T {
  return containsTemplate(vars) ? (new VariableRenderer(vars, context).view as T) : vars
}

/**
 * The variables of any host of an inventory, rendered, before facts are known. Of an unknown host: the extra variables.
 *
 * @returns a function of the host's name and of variables between those of the inventory and the extra variables.
 */
export function inventoryVariables({ hosts, groups }: Inventory, extraVars: Vars): (host: string, more?: Vars) => Vars {
  const hostsOf = Object.fromEntries([...groups].map(([name, group]) => [name, group.hosts]))
  const variables = (host: string, more: Vars = {}): Vars =>
    renderVariables(
      { ...hosts.get(host)?.vars, ...more, ...extraVars },
      { host, groups: hostsOf, hostvars: (name) => variables(name) },
    )
  return variables
}

/** Whether a value contains templates, by object. Vars files have the same objects in all views. */
const known = new WeakMap<object, boolean>()

function containsTemplate(value: unknown): boolean {
  if (value instanceof TemplateText) return true
  if (!isData(value)) return false
  const cached = known.get(value)
  if (cached !== undefined) return cached
  known.set(value, false) // ends the search in an object that contains itself
  const result = Object.values(value).some(containsTemplate)
  known.set(value, result)
  return result
}

const isData = (value: unknown): value is object =>
  Array.isArray(value) ||
  (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)

/** The templates that are being rendered, of all hosts: `hostvars` leads from one to another. */
const active: { readonly text: TemplateText; readonly host: string; readonly name: string }[] = []

class VariableRenderer {
  readonly view: Vars
  readonly #context: VariableContext
  readonly #values = new Map<TemplateText, unknown>()
  readonly #views = new Map<object, object>()

  constructor(vars: Vars, context: VariableContext) {
    this.#context = context
    this.view = this.#viewOf(vars, '') as Vars
  }

  /** The same data, with a getter in place of each template. */
  #viewOf(data: object, label: string): object {
    const known = this.#views.get(data)
    if (known !== undefined) return known
    const view: object = Array.isArray(data) ? new Array(data.length) : {}
    this.#views.set(data, view)
    for (const [key, value] of Object.entries(data)) {
      const name = Array.isArray(data) ? `${label}[${key}]` : label === '' ? key : `${label}.${key}`
      Object.defineProperty(view, key, {
        enumerable: true,
        configurable: true,
        ...(value instanceof TemplateText
          ? { get: () => this.#render(value, name) }
          : {
              value: containsTemplate(value) ? this.#viewOf(value as object, name) : (value as unknown),
              writable: true,
            }),
      })
    }
    return view
  }

  #render(text: TemplateText, name: string): unknown {
    if (this.#values.has(text)) return this.#values.get(text)
    const { host } = this.#context
    const start = active.findIndex((each) => each.text === text && each.host === host)
    if (start !== -1) {
      const loop = [...active.slice(start), { host, name }]
      const chain = loop.map((each) => (each.host === host ? each.name : `${each.name} of ${each.host}`)).join(' -> ')
      throw new VariableError(`${text.position}: variables of ${host} refer to each other in a loop: ${chain}`, false)
    }
    active.push({ text, host, name })
    try {
      const value = this.#evaluate(text, name)
      this.#values.set(text, value)
      return value
    } finally {
      active.pop()
    }
  }

  #evaluate(text: TemplateText, name: string): unknown {
    const failures: VariableError[] = []
    try {
      const { source, position, isConfidential } = text
      if (isConfidential && !hasTemplate(source)) return secret(source)
      const value = templateValue(source, position, this.#scope(text, failures))
      return isConfidential ? concealed(value) : value
    } catch (error) {
      if (error instanceof DecryptionError)
        throw new VariableError(
          `${text.position}: variable "${name}" of ${this.#context.host}: ${error.message}`,
          false,
        )
      // An error of a variable that this one uses says more.
      const [failure] = failures
      if (failure !== undefined) throw failure
      if (!(error instanceof TemplateError)) throw error
      const reason = error.message.slice(text.position.length).replace(/^(?::\d+)*: /, '')
      const where = `${text.position}: variable "${name}" of ${this.#context.host}`
      throw new VariableError(`${where}: ${reason}`, /undefined|not defined/i.test(reason))
    }
  }

  /** The variables that a template names. */
  #scope({ source }: TemplateText, failures: VariableError[]): Vars {
    const scope: Vars = {}
    const { host, groups, hostvars, reads } = this.#context
    const special: Record<string, () => unknown> = {
      inventory_hostname: () => host,
      inventory_hostname_short: () => host.split('.')[0],
      ...(groups && { groups: () => groups, group_names: () => groupNames(groups, host) }),
      ...(groups && hostvars && { hostvars: () => hostVariables(groups, hostvars) }),
    }
    for (const name of namesIn(source)) {
      const read = Object.hasOwn(this.view, name) ? () => this.#read(name, failures) : special[name]
      if (read === undefined) continue
      const get = (): unknown => {
        reads?.add(name)
        return read()
      }
      Object.defineProperty(scope, name, { enumerable: true, configurable: true, get })
    }
    return scope
  }

  /** A variable that cannot be rendered because another one is not defined is not defined either, as in Ansible. */
  #read(name: string, failures: VariableError[]): unknown {
    try {
      const value = this.view[name]
      if (!(value instanceof Reference)) return value
      throw new VariableError(`variable "${name}" is the result of a task: it cannot be used in an inventory`, false)
    } catch (error) {
      if (!(error instanceof VariableError)) throw error
      failures.push(error)
      if (error.isUndefined) return undefined
      throw error
    }
  }
}

const groupNames = (groups: Readonly<Record<string, readonly string[]>>, host: string): string[] =>
  Object.keys(groups)
    .filter((name) => name !== 'all' && groups[name]?.includes(host))
    .toSorted()

function hostVariables(groups: Readonly<Record<string, readonly string[]>>, hostvars: (name: string) => Vars): Vars {
  const all: Vars = {}
  for (const name of groups['all'] ?? [])
    Object.defineProperty(all, name, { enumerable: true, configurable: true, get: () => hostvars(name) })
  return all
}
