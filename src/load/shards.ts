import { generatorLimit, type GeneratorUsage } from './meter.ts'
import type { Plan } from './plan.ts'
import type { LoadPart } from './program.ts'
import type { LoadResult } from './result.ts'
import { Tally } from './tally.ts'
import { analyzeUsers } from './users.ts'

/**
 * Shards a plan over several generators. Each gets its share of connections, users or requests per second, and starts
 * with another target.
 *
 * @returns one plan per generator, or fewer if there are fewer connections or users.
 */
export function shardPlan(plan: Plan, generators: number): Plan[] {
  const all = plan.way === 'closed' ? plan.connections : plan.way === 'users' ? plan.users : plan.inFlight
  const shards = Math.min(generators, all)
  let before = 0
  return Array.from({ length: shards }, (_, place) => {
    const own = Math.floor(all / shards) + (place < all % shards ? 1 : 0)
    const first = before % plan.targets.length
    before += own
    const common = { targets: [...plan.targets.slice(first), ...plan.targets.slice(0, first)], seed: plan.seed + place }
    switch (plan.way) {
      case 'closed':
        return { ...plan, ...common, connections: own }
      case 'users':
        return { ...plan, ...common, users: own }
      case 'open':
        return { ...plan, ...common, rate: plan.rate / shards, inFlight: own }
    }
  })
}

/**
 * Merges the results of concurrent generators. Reports the worst resource use: one generator at its limit invalidates
 * the sum.
 *
 * @param plan - the plan before sharding.
 */
export function mergeParts(plan: Plan, parts: readonly [LoadPart, ...LoadPart[]]): LoadResult {
  const results = parts.map(({ result }) => result)
  const [first] = results as [LoadResult, ...LoadResult[]]
  const seconds = Math.max(...results.map((result) => result.seconds))
  const tally = new Tally(plan.kinds, { from: 0, to: plan.seconds * 1000 })
  for (const { counted } of parts) tally.merge(counted)
  const figures = tally.figures(seconds * 1000)
  const generator = worst(results.map((result) => result.generator))
  const late = results.flatMap(({ lateP99 }) => (lateP99 === undefined ? [] : [lateP99]))
  return {
    plan,
    ...figures,
    generator,
    start: results.map(({ start }) => start).sort()[0] ?? first.start,
    ended: results.find(({ ended }) => ended !== 'in time')?.ended ?? 'in time',
    ...(late.length === 0 ? {} : { lateP99: Math.max(...late) }),
    ...(plan.way === 'users' ? { users: analyzeUsers(plan, figures, generatorLimit(generator)) } : {}),
  }
}

const worst = (uses: readonly GeneratorUsage[]): GeneratorUsage => {
  const most = (of: (use: GeneratorUsage) => number): number => Math.max(...uses.map(of))
  return {
    cores: most(({ cores }) => cores),
    busy: most(({ busy }) => busy),
    delay: {
      p50: most(({ delay }) => delay.p50),
      p99: most(({ delay }) => delay.p99),
      max: most(({ delay }) => delay.max),
    },
  }
}
