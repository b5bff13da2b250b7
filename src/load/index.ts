/** Public API of the load package. */
export { CEILINGS, Refusal, readPlan, type Plan, type PlanInput, type Target, type Kind } from './plan.ts'
export { GENERATOR_FILE } from './generator-file.ts'
export { runLoad, type GeneratorScheduling, type RunLoadOptions } from './run.ts'
export type { LoadProgress } from './tally.ts'
export { replicaBudget, type Budget, type RequestCosts, type SharedMachine } from './budget.ts'
export { runUntilDecided, type SequentialTrial } from './sequential.ts'
export { mergeParts, shardPlan } from './shards.ts'
export type { LoadPart } from './program.ts'
export type { Failure, Figures, Latency, LoadResult, UsersAnalysis } from './result.ts'
export { generatorLimit, type GeneratorUsage } from './meter.ts'
export {
  compare,
  interleaved,
  formatInterval,
  intervalText,
  type Comparison,
  type Interval,
  type Trial,
} from './statistics.ts'
export type { LoadText } from './texts.ts'
export { validityIssues, shareIssues } from './validity.ts'
export {
  kneeOf,
  nextLoad,
  type CapacityLimits,
  type Knee,
  type LoadPoint,
  type StopReason,
} from './capacity.ts'
export { fitLaw, peakOf, type Fit, type ScalingLaw, type ScalingTrial } from './scaling.ts'
export { csvOf, plannedMessage, resultMessage } from './table.ts'
export { locustFiles, recentSeconds, type RecentSeconds } from './locust.ts'
export { isFound, meetsGoal, nextRate, type RateFound, type RateGoal, type RatePoint } from './rate-search.ts'
export { readLocustHistory, readLocustStats } from './locust-csv.ts'
export { importLocust, type LocustImport } from './locust-findings.ts'
export type { ImportFinding } from './locust-phase.ts'
export type { LocustRun } from './locust-run.ts'
