import type { Inventory } from '../inventory/index.ts'
import { render } from '../templates/index.ts'
import { Secret } from '../values/secret.ts'
import { TemplateText } from '../values/template-text.ts'
import { UsageError } from './usage-error.ts'
import { suggestion } from './command-line.ts'

type Vars = Readonly<Record<string, unknown>>

/** The text of `--list`: the JSON of `ansible-inventory --list`. Templates are not rendered, secrets are masked. */
export function inventoryList(inventory: Inventory, hosts: readonly string[]): string {
  const shown = new Set(hosts)
  const groups = new Map<string, Record<string, readonly string[]>>()
  const add = (name: string): void => {
    const group = inventory.groups.get(name)
    if (group === undefined || groups.has(name)) return
    const own = name === 'all' ? [] : group.ownHosts.filter((host) => shown.has(host))
    groups.set(name, {
      ...(own.length > 0 ? { hosts: own } : {}),
      ...(group.children.length > 0 ? { children: group.children } : {}),
    })
    for (const child of group.children) add(child)
  }
  add('all')
  const hostvars = hosts.flatMap((name): [string, unknown][] => {
    const vars = inventory.hosts.get(name)?.vars ?? {}
    return Object.keys(vars).length === 0 ? [] : [[name, vars]]
  })
  const listed = [...groups].filter(([, group]) => Object.keys(group).length > 0)
  return toJson({ ...Object.fromEntries(listed), _meta: { hostvars: Object.fromEntries(hostvars) } })
}

/** The text of `--host NAME`: all variables of a host. */
export function inventoryHost({ hosts }: Inventory, name: string): string {
  const host = hosts.get(name)
  if (host !== undefined) return toJson(host.vars)
  throw new UsageError(`--host ${name}: the inventory has no such host${suggestion(name, [...hosts.keys()])}`)
}

/**
 * The text of `--graph`: groups and their hosts as a tree, as `ansible-inventory --graph`.
 *
 * @param root - the group to start with.
 */
export function inventoryGraph(inventory: Inventory, root: string, showVars: boolean): string {
  const varsLines = (vars: Vars, depth: number): string[] =>
    showVars
      ? Object.entries(vars)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, value]) => graphLine(`{${name} = ${printed(value)}}`, depth))
      : []
  const lines = (name: string, depth: number): string[] => {
    const group = inventory.groups.get(name)
    if (group === undefined) {
      throw new UsageError(`--graph ${name}: no such group${suggestion(name, [...inventory.groups.keys()])}`)
    }
    const hosts = name === 'all' ? [] : group.ownHosts
    return [
      graphLine(`@${name}:`, depth),
      ...group.children.flatMap((child) => lines(child, depth + 1)),
      ...hosts.flatMap((host) => [
        graphLine(host, depth + 1),
        ...varsLines(inventory.hosts.get(host)?.vars ?? {}, depth + 2),
      ]),
      ...varsLines(group.vars, depth + 1),
    ]
  }
  return `${lines(root, 0).join('\n')}\n`
}

const graphLine = (text: string, depth: number): string => (depth === 0 ? text : `${'  |'.repeat(depth)}--${text}`)

/** As Python prints it. */
const printed = (value: unknown): string => render('{{ value }}', 'value', { value: plain(value) }).text

/** Sorted by name, as Ansible prints JSON. */
const toJson = (value: unknown): string => `${JSON.stringify(plain(value), null, 4)}\n`

function plain(value: unknown): unknown {
  if (value instanceof Secret || value instanceof TemplateText) return value.toString()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item)]))
}
