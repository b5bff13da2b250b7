import { PlaybookError, type ExperimentContext } from '../../src/labbook.ts'
import { doubtsOf, generatorLimit, type LoadResult, type PlanInput, type Target } from '../../src/load/index.ts'
import { endpoints } from '../app/proof.ts'
import { bottleneckOf, type Bottleneck, type CpuUse } from './bottleneck.ts'
import { loadFrom } from './generators.ts'
import { cpuUses, type Between, type Replica } from './usage.ts'

/** What the app is asked for: all its endpoints, more reads than writes. The increments stay in the counter. */
export const KINDS = [
  { method: 'GET', path: '/api/counter', weight: 6 },
  { method: 'GET', path: '/', weight: 2 },
  { method: 'POST', path: '/api/counter/increment', weight: 2 },
] as const

/** A load, and what the machines did under it. */
export interface TrialRun {
  readonly name: string
  readonly replicas: number
  readonly result: LoadResult
  /** Why its number may not count. */
  readonly doubts: readonly string[]
  readonly uses: readonly CpuUse[]
  readonly bottleneck: Bottleneck
}

/** The doors of the app: nothing else is ever loaded. */
export const doors = (on: Pick<ExperimentContext, 'groups' | 'hostvars'>): Target[] => onlyOurs(on, endpoints(on))

/** @throws {PlaybookError} where a target is no machine of the inventory. */
export function onlyOurs(
  { groups, hostvars }: Pick<ExperimentContext, 'groups' | 'hostvars'>,
  targets: readonly Target[],
): Target[] {
  const ours = new Set((groups.all ?? []).map((name) => String(hostvars(name).ansible_host ?? name)))
  const strange = targets.filter(({ host }) => !ours.has(host))
  if (strange.length > 0)
    throw new PlaybookError(
      `a load test is aimed at ${strange.map(({ host }) => host).join(', ')}, which the inventory does not have`,
    )
  if (targets.length === 0) throw new PlaybookError('group swarm of the inventory has no host to load')
  return targetsOf(targets)
}

/** Of a door what a load needs. */
export const targetsOf = (doors: readonly Target[]): Target[] =>
  doors.map(({ host, port, from }) => ({ host, port, ...(from === undefined ? {} : { from }) }))

export interface TrialAsked {
  readonly name: string
  readonly replicas: number
  readonly containers: readonly Replica[]
  readonly plan: Omit<PlanInput, 'targets' | 'kinds'> & PlanWay
  /** Part of the requests that may fail. */
  readonly failed: number
}

type PlanWay = { way: 'closed'; connections: number } | { way: 'users'; users: number } | { way: 'open'; rate: number }

/** How long an answer is waited for, and how long however slow the machines are. */
const ANSWER_SECONDS = 10
export const MOST_SECONDS = 60

/** Loads the app once, and looks at what every CPU did meanwhile. */
export async function runTrial(
  on: ExperimentContext,
  { name, replicas, containers, plan, failed }: TrialAsked,
  between: Between,
): Promise<TrialRun> {
  on.waiting(`the load to end: ${name}`, (plan.warmup ?? 0) + plan.seconds)
  const result = await loadFrom(on, {
    timeLimit: Math.min(MOST_SECONDS, ANSWER_SECONDS * on.slowdown),
    ...plan,
    targets: doors(on),
    kinds: [...KINDS],
  } as PlanInput)
  const began = Date.parse(result.start)
  const uses = cpuUses(between(began, began + result.seconds * 1000), containers)
  const limit = generatorLimit(result.generator, result.lateP99)
  return {
    name,
    replicas,
    result,
    doubts: doubtsOf(result, { failed, replicas }),
    uses,
    bottleneck: bottleneckOf(uses, limit),
  }
}
