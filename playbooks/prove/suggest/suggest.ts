import { type Message } from 'labbook'
import { say } from '../../messages/say.ts'
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import { setInYaml, type YamlValue } from './edit-yaml.ts'
import { changesFor, type ComposeChange } from './rules.ts'
import type { Outcome } from '../../methods/experiment-series.ts'
import type { Session } from '../session.ts'

/** Changes of a compose file, and what they make of it. */
export interface Suggestion {
  readonly changes: readonly ComposeChange[]
  /** Changes that must be made by hand, as the file has a form in which Labbook does not edit it. */
  readonly byHand: readonly ComposeChange[]
  /** The changed file. */
  readonly text: string
  readonly diff: string
}

/**
 * The smallest changes of a compose file for the findings that do not hold.
 *
 * @param shown - the file's name in the diff.
 * @param wanted - selects changes. Default: all.
 */
export function suggest(
  { text, shown }: { readonly text: string; readonly shown: string },
  { model, nodes }: Pick<Session, 'model' | 'nodes'>,
  outcomes: readonly Outcome[],
  wanted: (change: ComposeChange) => boolean = () => true,
): Suggestion {
  let edited = text
  const changes: ComposeChange[] = []
  const byHand: ComposeChange[] = []
  for (const change of changesFor(outcomes, { model, nodes: nodes.length }).filter(wanted)) {
    const next = setInYaml(edited, ['services', change.service, ...change.path], escapeDollars(change.value))
    if (next === undefined) byHand.push(change)
    else {
      edited = next
      changes.push(change)
    }
  }
  const diff = createTwoFilesPatch(shown, shown, text, edited, '', '', { context: 2, headerOptions: FILE_HEADERS_ONLY })
  return { changes, byHand, text: edited, diff: edited === text ? '' : diff }
}

/** Whether a change may be deployed to try it, which restarts its service: a stateful service must be named. */
export const isTriable = (
  { service }: Pick<ComposeChange, 'service'>,
  { services }: Session['model'],
  named: readonly string[] | undefined,
): boolean =>
  named === undefined ? services.find(({ name }) => name === service)?.role !== 'stateful' : named.includes(service)

/** Compose interpolates variables in values. */
const escapeDollars = (value: YamlValue): YamlValue => {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$')
  if (Array.isArray(value)) return value.map((each: YamlValue) => escapeDollars(each))
  return typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, escapeDollars(each)]))
    : value
}

/** `web: deploy.replicas: 2 (one task answers while the other is replaced)`. */
export const changeText = ({ service, path, value, reason }: ComposeChange): Message =>
  say('{service}: {key}: {value} ({reason})', {
    service,
    key: path.join('.'),
    value: typeof value === 'object' ? JSON.stringify(value) : String(value),
    reason,
  })
