import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Change, Plan } from '../module.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'
import { K3S_BINARY, K3S_KUBECONFIG } from './paths.ts'

const KEY = String.raw`(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?`
const VALUE = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?`
const TAINT = new RegExp(`^${KEY}(?:=${VALUE})?:(?:NoSchedule|PreferNoSchedule|NoExecute)$`)

/** Why a label is invalid. */
export const labelError = (key: string, value: string): string | undefined =>
  new RegExp(`^${KEY}$`).test(key) && new RegExp(`^${VALUE}$`).test(value) && value.length <= 63
    ? undefined
    : `invalid label "${key}: ${value}": use letters, digits, - _ . in both`
/** Why a taint is invalid. */
export const taintError = (taint: string): string | undefined =>
  TAINT.test(taint)
    ? undefined
    : `invalid taint "${taint}": write key=value:NoSchedule (or PreferNoSchedule, NoExecute)`

/** Annotation that lists our labels and taints, so that obsolete ones can be removed. */
const OWNED_KEYS = 'labbook.node/keys'

const schema = z.strictObject({
  name: z.string(),
  /** `absent` deletes the node and its node password. */
  state: z.enum(['present', 'absent']).default('present'),
  labels: z.record(z.string(), z.string()).default({}),
  /** `key=value:Effect` */
  taints: z.array(z.string().regex(TAINT)).default([]),
})

type Params = z.output<typeof schema>

interface NodeObject {
  readonly metadata: {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
  }
}

const kubectl = (...args: readonly string[]): string => sh`${K3S_BINARY} kubectl --kubeconfig ${K3S_KUBECONFIG} ${args}`

/**
 * Labels and taints of a node, set from a server of the cluster: the node itself sets taints only when it registers,
 * and labels only when it starts.
 */
export const k3s_node = defineModule<typeof schema, { readonly name: string }>({
  name: 'k3s_node',
  schema,
  title: ({ name }) => name,
  probe: ({ name, state }) =>
    state === 'present'
      ? kubectl('get', 'node', name, '-o', 'json')
      : `${kubectl('get', 'node', name, '-o', 'name', '--ignore-not-found')} && ${kubectl('-n', 'kube-system', 'get', 'secret', passwordOf(name), '-o', 'name', '--ignore-not-found')}`,
  plan(params, { stdout, stderr, exitCode }): Plan<{ name: string }> {
    const { name, state } = params
    if (exitCode !== 0) return { changes: [], problem: `cannot get node "${name}": ${lastLine(stderr)}` }
    if (state === 'absent') return { changes: removal(name, stdout.split('\n')), values: { name } }
    return { changes: changesFor(params, JSON.parse(stdout) as NodeObject), values: { name } }
  },
})

const passwordOf = (name: string): string => `${name}.node-password.k3s`

const removal = (name: string, existing: readonly string[]): Change[] => [
  ...(existing.includes(`node/${name}`)
    ? [
        {
          description: `delete node ${name}`,
          script: `${kubectl('delete', 'node', name, '--ignore-not-found')} >&2 || exit`,
        },
      ]
    : []),
  ...(existing.includes(`secret/${passwordOf(name)}`)
    ? [
        {
          description: `delete the node password of ${name}`,
          // k3s may have deleted it together with the node.
          script: `${kubectl('-n', 'kube-system', 'delete', 'secret', passwordOf(name), '--ignore-not-found')} >&2 || exit`,
        },
      ]
    : []),
]

function changesFor({ name, labels, taints }: Params, { metadata, spec }: NodeObject): Change[] {
  const owned = new Set((metadata.annotations?.[OWNED_KEYS] ?? '').split(' ').filter(Boolean))
  const current = metadata.labels ?? {}
  const currentTaints = (spec.taints ?? []).map(
    ({ key, value, effect }) => `${key}${value === undefined || value === '' ? '' : `=${value}`}:${effect}`,
  )
  const keyOf = (taint: string): string => `${taint.split(/[=:]/)[0] ?? ''}:${taint.split(':').at(-1) ?? ''}`
  const wanted = new Set([...Object.keys(labels), ...taints.map(keyOf)])
  const changes: Change[] = []
  const add = (description: string, args: readonly string[], before: string, after: string): void =>
    void changes.push({
      description,
      script: `${kubectl(...args)} >&2 || exit`,
      diff: { subject: `node ${name}`, before, after },
    })
  for (const [key, value] of Object.entries(labels)) {
    if (current[key] !== value)
      add(
        `label ${name}: ${key}=${value}`,
        ['label', 'node', name, '--overwrite', `${key}=${value}`],
        current[key] === undefined ? '' : `${key}=${current[key]}\n`,
        `${key}=${value}\n`,
      )
  }
  for (const taint of taints) {
    const before = currentTaints.find((each) => keyOf(each) === keyOf(taint))
    if (before !== taint.replace('=:', ':'))
      add(
        `taint ${name}: ${taint}`,
        ['taint', 'node', name, '--overwrite', taint],
        before === undefined ? '' : `${before}\n`,
        `${taint}\n`,
      )
  }
  for (const key of owned) {
    if (wanted.has(key)) continue
    const before = currentTaints.find((each) => keyOf(each) === key)
    if (before !== undefined)
      add(`remove taint ${before} from ${name}`, ['taint', 'node', name, `${key}-`], `${before}\n`, '')
    else if (current[key] !== undefined)
      add(`remove label ${key} from ${name}`, ['label', 'node', name, `${key}-`], `${key}=${current[key]}\n`, '')
  }
  const record = [...wanted].sort().join(' ')
  if (record !== [...owned].sort().join(' ')) {
    add(
      `record the labels and taints of ${name} that Labbook manages`,
      ['annotate', 'node', name, '--overwrite', record === '' ? `${OWNED_KEYS}-` : `${OWNED_KEYS}=${record}`],
      `${[...owned].join(' ')}\n`,
      `${record}\n`,
    )
  }
  return changes
}
