/** What playbooks are written with: everything an author needs, from one place. */
export { play, PlaybookError, type Play, type PlayContext, type Step } from './run/play.ts'
export { experiment, type Experiment, type ExperimentContext } from './run/experiment.ts'
export type { Exhibit } from './run/events.ts'
export { playbook, type Playbook } from './cli/playbook.ts'
export { register, type Reference, type Register } from './values/reference.ts'
export { secret, Secret } from './values/secret.ts'
export * from './modules/index.ts'
