import { z } from 'zod'
import { sh } from '../shell/quote.ts'
import type { Change, Plan } from '../modules/module.ts'
import { lastLine } from '../modules/support/text.ts'
import { defineModule } from '../modules/task.ts'
import { K3S_BINARY, K3S_KUBECONFIG } from './paths.ts'

const KEY = String.raw`(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?`
const VALUE = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?`
const TAINT = new RegExp(`^${KEY}(?:=${VALUE})?:(?:NoSchedule|PreferNoSchedule|NoExecute)$`)

/** Why a label or a taint is none that Kubernetes takes. */
export const labelFault = (key: string, value: string): string | undefined =>
  new RegExp(`^${KEY}$`).test(key) && new RegExp(`^${VALUE}$`).test(value) && value.length <= 63
    ? undefined
    : `"${key}: ${value}" is no label: letters, digits, - _ . in both`
export const taintFault = (taint: string): string | undefined =>
  TAINT.test(taint) ? undefined : `"${taint}" is no taint: write key=value:NoSchedule (or PreferNoSchedule, NoExecute)`

/** Remembers which labels and taints are ours, so that one that is asked for no more can go. */
const OURS = 'labbook.node/keys'

const schema = z.strictObject({
  name: z.string(),
  /** `absent`: the cluster knows neither the node nor the password it once came with. */
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

const kubectl = (...words: readonly string[]): string =>
  sh`${K3S_BINARY} kubectl --kubeconfig ${K3S_KUBECONFIG} ${words}`

/**
 * Labels and taints of a node of the cluster, set from one of its servers: a node itself says them once only, when it
 * registers.
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
    if (exitCode !== 0)
      return { changes: [], problem: `the cluster does not tell of the node ${name}: ${lastLine(stderr)}` }
    if (state === 'absent') return { changes: removal(name, stdout.split('\n')), values: { name } }
    return { changes: changesFor(params, JSON.parse(stdout) as NodeObject), values: { name } }
  },
})

const passwordOf = (name: string): string => `${name}.node-password.k3s`

const removal = (name: string, known: readonly string[]): Change[] => [
  ...(known.includes(`node/${name}`)
    ? [{ description: `delete the node ${name}`, script: `${kubectl('delete', 'node', name)} >&2 || exit` }]
    : []),
  ...(known.includes(`secret/${passwordOf(name)}`)
    ? [
        {
          description: `delete the password of the node ${name}`,
          script: `${kubectl('-n', 'kube-system', 'delete', 'secret', passwordOf(name))} >&2 || exit`,
        },
      ]
    : []),
]

function changesFor({ name, labels, taints }: Params, { metadata, spec }: NodeObject): Change[] {
  const ours = new Set((metadata.annotations?.[OURS] ?? '').split(' ').filter(Boolean))
  const has = metadata.labels ?? {}
  const tainted = (spec.taints ?? []).map(
    ({ key, value, effect }) => `${key}${value === undefined || value === '' ? '' : `=${value}`}:${effect}`,
  )
  const keyOf = (taint: string): string => `${taint.split(/[=:]/)[0] ?? ''}:${taint.split(':').at(-1) ?? ''}`
  const wanted = new Set([...Object.keys(labels), ...taints.map(keyOf)])
  const changes: Change[] = []
  const add = (description: string, words: readonly string[], before: string, after: string): void =>
    void changes.push({
      description,
      script: `${kubectl(...words)} >&2 || exit`,
      diff: { subject: `node ${name}`, before, after },
    })
  for (const [key, value] of Object.entries(labels)) {
    if (has[key] !== value)
      add(
        `label ${name}: ${key}=${value}`,
        ['label', 'node', name, '--overwrite', `${key}=${value}`],
        has[key] === undefined ? '' : `${key}=${has[key]}\n`,
        `${key}=${value}\n`,
      )
  }
  for (const taint of taints) {
    const before = tainted.find((each) => keyOf(each) === keyOf(taint))
    if (before !== taint.replace('=:', ':'))
      add(
        `taint ${name}: ${taint}`,
        ['taint', 'node', name, '--overwrite', taint],
        before === undefined ? '' : `${before}\n`,
        `${taint}\n`,
      )
  }
  for (const key of ours) {
    if (wanted.has(key)) continue
    const before = tainted.find((each) => keyOf(each) === key)
    if (before !== undefined)
      add(`remove the taint ${before} of ${name}`, ['taint', 'node', name, `${key}-`], `${before}\n`, '')
    else if (has[key] !== undefined)
      add(`remove the label ${key} of ${name}`, ['label', 'node', name, `${key}-`], `${key}=${has[key]}\n`, '')
  }
  const record = [...wanted].sort().join(' ')
  if (record !== [...ours].sort().join(' ')) {
    add(
      `remember what labels and taints of ${name} are Labbook's`,
      ['annotate', 'node', name, '--overwrite', record === '' ? `${OURS}-` : `${OURS}=${record}`],
      `${[...ours].join(' ')}\n`,
      `${record}\n`,
    )
  }
  return changes
}
