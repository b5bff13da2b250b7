/** The public API for playbooks. */
export { play, PlaybookError, type Play, type PlayContext, type PlaybookStep } from './run/play.ts'
export { disturbAll, type Disturbance, type DisturbanceContext, type Disturbs } from './run/disturbs.ts'
export { durationMultiplierOf, timeoutMultiplierOf } from './run/timeout-multiplier.ts'
export {
  experiment,
  type SetupContext,
  type Experiment,
  type ExperimentContext,
  type Verdict,
  type WatchResult,
} from './run/experiment.ts'
export type { Exhibit } from './run/events.ts'
export type { Chart, TimelineBar, TimelineChart } from './run/chart.ts'
export type { Task } from './modules/task.ts'
export type { CommandValues } from './modules/support/run-command.ts'
export { playbook, type ClosingContext, type Playbook } from './cli/playbook.ts'
export type { Closing } from './ui/index.ts'
export { register, type Reference, type Register } from './values/reference.ts'
export { secret, Secret } from './values/secret.ts'
export { STORAGE_DRIVERS } from './modules/docker/storage.ts'
export * from './modules/index.ts'
