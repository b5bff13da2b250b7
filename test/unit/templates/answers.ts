import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { render, TemplateError, type ControllerFiles } from '../../../src/templates/index.ts'

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/templates')

const read = (name: string): string => readFileSync(path.join(FIXTURES, name), 'utf8')

/** What Ansible makes of a template: a text, or an error. */
export interface Answer {
  readonly group: string
  readonly template: string
  readonly text?: string
  readonly error?: string
}

export const answers = (): Answer[] => JSON.parse(read('answers.json')) as Answer[]

interface Group {
  readonly hosts?: Readonly<Record<string, Readonly<Record<string, unknown>> | null>>
  readonly children?: Readonly<Record<string, Group>>
}

const file = (name: string): string | undefined => {
  try {
    return read(`files/${name}`)
  } catch {
    return undefined
  }
}

export const FILES: ControllerFiles = {
  template: file,
  file: (name) => (name === 'secret-file' ? 'aaaaaaaa\n' : file(name)),
}

/** The variables of the host web1, as a play has them. */
export function answerVars(): Record<string, unknown> {
  const { all } = parse(read('inventory.yaml')) as { all: Group }
  const groups = Object.fromEntries(
    Object.entries(all.children ?? {}).map(([name, { hosts }]) => [name, Object.keys(hosts ?? {})]),
  )
  const hostvars = all.hosts ?? {}
  return {
    ...hostvars.web1,
    ...(JSON.parse(read('vars.json')) as object),
    inventory_hostname: 'web1',
    inventory_hostname_short: 'web1',
    group_names: ['web'],
    groups: { all: Object.keys(hostvars), ungrouped: [], ...groups },
    hostvars,
    ansible_managed: 'Ansible managed',
    ansible_facts: {},
    ansible_check_mode: false,
  }
}

export type Outcome = 'same' | 'refused' | 'different' | 'accepted'

/** Compares a rendering with Ansible's answer: `accepted` is what Ansible refuses. */
export function outcomeOf(answer: Answer, vars: Record<string, unknown>): { outcome: Outcome; got: string } {
  let text: string
  try {
    text = render(answer.template, 'case.j2', vars, FILES).text
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    return { outcome: answer.text === undefined ? 'same' : 'refused', got: error.message }
  }
  if (answer.text === undefined) return { outcome: 'accepted', got: text }
  return { outcome: text === answer.text ? 'same' : 'different', got: text }
}
