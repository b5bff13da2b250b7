import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Plan } from '../module.ts'
import { defineModule } from '../task.ts'
import { ENGINE, MEMBERSHIP, resourceNamed, setResource } from './effects.ts'
import { parseResponses, engineProblem, filtered, get, requireEngine } from './engine.ts'

const schema = z.strictObject({
  name: z.string().min(1),
  state: z.enum(['present', 'absent']).default('present'),
  driver: z.string().default('bridge'),
  scope: z.enum(['local', 'swarm', 'global']).optional(),
  attachable: z.boolean().default(false),
  internal: z.boolean().default(false),
  driver_options: z.record(z.string(), z.string()).default({}),
  labels: z.record(z.string(), z.string()).default({}),
  /** Default: chosen by Docker. */
  ipam_config: z.array(z.strictObject({ subnet: z.string(), gateway: z.string().optional() })).default([]),
})

type Params = z.output<typeof schema>

export interface DockerNetwork {
  readonly id: string
}

/**
 * Creates and removes a network. If its settings differ, it is recreated, which Docker refuses while containers use it.
 */
export const docker_network = defineModule<typeof schema, DockerNetwork>({
  name: 'docker_network',
  schema,
  reads: ({ name }) => [...ENGINE, MEMBERSHIP, ...resourceNamed('network', name)],
  sets: ({ name }) => setResource('network', name),
  title: ({ name }) => name,
  // The filter matches substrings.
  probe: ({ name }) => `${requireEngine}\n${get(filtered('/networks', { name: [name] }))}`,

  plan(params, observed): Plan<DockerNetwork> {
    const answers = parseResponses(observed.stdout)
    const problem = engineProblem(observed, answers)
    if (problem !== undefined) return { changes: [], problem }
    const network = (answers[0]?.body as Network[]).find(({ Name }) => Name === params.name)
    const remove = sh`docker network rm ${params.name} >/dev/null || exit`
    if (params.state === 'absent') {
      return {
        changes: network === undefined ? [] : [{ description: `remove network ${params.name}`, script: remove }],
      }
    }
    if (network === undefined) {
      return {
        changes: [
          {
            description: `create ${params.driver} network ${params.name}`,
            script: create(params),
            diff: diffOf(params),
          },
        ],
      }
    }
    const values = { id: network.Id }
    if (differences(params, network).length === 0) return { changes: [], values }
    return {
      values,
      changes: [
        {
          description: `recreate network ${params.name}`,
          script: `${remove}\n${create(params)}`,
          diff: diffOf(params, network),
        },
      ],
    }
  },
})

interface Network {
  readonly Name: string
  readonly Id: string
  readonly Driver: string
  readonly Scope: string
  readonly Attachable: boolean
  readonly Internal: boolean
  readonly Options: Readonly<Record<string, string>> | null
  readonly Labels: Readonly<Record<string, string>> | null
  readonly IPAM: { readonly Config: readonly { readonly Subnet?: string; readonly Gateway?: string }[] | null }
}

/** Desired and actual settings, a line each; only settings with a desired value, as Docker fills in the others. */
function compared(params: Params, network: Network | undefined): [desired: string, actual: string][] {
  const lines: [string, string][] = [
    [`driver: ${params.driver}`, `driver: ${network?.Driver}`],
    [`attachable: ${params.attachable}`, `attachable: ${network?.Attachable}`],
    [`internal: ${params.internal}`, `internal: ${network?.Internal}`],
  ]
  if (params.scope !== undefined) lines.push([`scope: ${params.scope}`, `scope: ${network?.Scope}`])
  for (const [key, value] of Object.entries(params.driver_options))
    lines.push([`option ${key}: ${value}`, `option ${key}: ${network?.Options?.[key]}`])
  for (const [key, value] of Object.entries(params.labels))
    lines.push([`label ${key}: ${value}`, `label ${key}: ${network?.Labels?.[key]}`])
  params.ipam_config.forEach(({ subnet, gateway }, i) => {
    const actual = network?.IPAM.Config?.[i]
    lines.push([`subnet: ${subnet}`, `subnet: ${actual?.Subnet}`])
    if (gateway !== undefined) lines.push([`gateway: ${gateway}`, `gateway: ${actual?.Gateway}`])
  })
  return lines
}

const differences = (params: Params, network: Network): [string, string][] =>
  compared(params, network).filter(([desired, actual]) => desired !== actual)

function diffOf(params: Params, network?: Network): { subject: string; before: string; after: string } {
  const lines = compared(params, network)
  return {
    subject: `network ${params.name}`,
    before: network === undefined ? '' : lines.map(([, actual]) => `${actual}\n`).join(''),
    after: lines.map(([desired]) => `${desired}\n`).join(''),
  }
}

function create(params: Params): string {
  const flags = [
    '--driver',
    params.driver,
    ...(params.scope === undefined ? [] : ['--scope', params.scope]),
    ...(params.attachable ? ['--attachable'] : []),
    ...(params.internal ? ['--internal'] : []),
    ...Object.entries(params.driver_options).flatMap(([key, value]) => ['--opt', `${key}=${value}`]),
    ...Object.entries(params.labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    ...params.ipam_config.flatMap(({ subnet, gateway }) => [
      '--subnet',
      subnet,
      ...(gateway === undefined ? [] : ['--gateway', gateway]),
    ]),
  ]
  return sh`docker network create ${flags} ${params.name} >/dev/null || exit`
}
