import { play, type Play, type PlaybookStep } from 'labbook'
import { stackDeployment } from '../stack/deployment.ts'
import { deployText } from '../stack/steps.ts'
import { readModel, readSubject, type Subject } from './compose-file.ts'
import { brokenUpdate } from './experiments/broken-update.ts'
import { dependency } from './experiments/dependency.ts'
import { hang } from './experiments/hang.ts'
import { kill } from './experiments/kill.ts'
import { nodeExperiments } from './experiments/node-experiment.ts'
import { scale } from './experiments/scale.ts'
import { effectOn, serviceExperiment, type StackExperiment } from './experiments/service-experiment.ts'
import { settings } from './experiments/settings.ts'
import { update } from './experiments/update.ts'
import { inspectStack } from './inspect.ts'
import { KINDS, requireServices, servicesOf, type ExperimentKind } from './kinds.ts'
import type { StackModel } from './model.ts'
import { ProveRun } from './session.ts'
import { compareRuns, suggestChanges } from './suggest/step.ts'
import { proveVars } from './vars.ts'

type Vars = Readonly<Record<string, unknown>>

const SERVICE_EXPERIMENTS: readonly StackExperiment[] = [settings, kill, hang, scale, update, brokenUpdate, dependency]

/** Checks the selection of the stack, and x-labbook, before anything is changed. */
const selectStack: Play = play('Select stack', { hosts: 'localhost', tags: ['stack', 'prove'] }, ({ vars }) => {
  const { request } = readSubject(vars)
  if (request !== undefined) readModel(request, vars)
  return []
})

/** What the variables of the command line select; undefined if the inventory may select it. */
function subjectOf(vars: Vars): Subject | undefined {
  const isSelected = vars.stack !== undefined || vars.file !== undefined
  return isSelected ? readSubject(vars) : undefined
}

/** The steps of a run: deployment, inspection, experiments. */
export function proveSteps(kinds: readonly ExperimentKind[], vars: Vars): readonly PlaybookStep[] {
  const subject = subjectOf(vars)
  const { services: named, try: tries } = proveVars.read(vars)
  const model = subject?.request === undefined ? undefined : readModel(subject.request, vars)
  if (model !== undefined) requireServices(model, named)
  const run = new ProveRun({ named })
  const repetition = new ProveRun({ named, prefix: 'prove.try', repeats: run })
  const targets = (kind: ExperimentKind): string[] | undefined =>
    model === undefined ? named?.slice() : servicesOf(kind, model, named).map(({ name }) => name)
  const tried = kinds.filter((kind) => targets(kind)?.length !== 0)
  const experimentsOf = (series: ProveRun): readonly PlaybookStep[] => [
    inspectStack(series, tried),
    ...SERVICE_EXPERIMENTS.filter(({ kind }) => tried.includes(kind)).map((each) =>
      serviceExperiment(
        series,
        KINDS[each.kind].scope === 'nothing' ? undefined : effectOn(each.kind, targets(each.kind), subject?.name),
        each,
      ),
    ),
    ...nodeExperiments(series, tried),
  ]
  return [
    selectStack,
    ...(subject !== undefined && subject.request === undefined ? [] : stackDeployment),
    ...experimentsOf(run),
    suggestChanges(run),
    ...(tries
      ? [
          deployText('Deploy stack with the suggested changes', () => run.suggestedText),
          ...experimentsOf(repetition),
          compareRuns(run, repetition),
          deployText('Deploy stack as it was', () => (run.suggestedText === undefined ? undefined : 'original')),
        ]
      : []),
  ]
}

/** The model of the compose file that the command line selects. */
export function selectedModel(vars: Vars): StackModel | undefined {
  const request = subjectOf(vars)?.request
  return request === undefined ? undefined : readModel(request, vars)
}
