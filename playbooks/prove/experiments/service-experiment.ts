import { disturbAll, type Experiment } from 'labbook'
import { experimentOnServices, type ServiceExperiment } from '../../methods/service-experiment.ts'
import { requireSteadyState } from '../../methods/steady-state.ts'
import { KINDS, type ExperimentKind } from '../kinds.ts'
import type { StackService } from '../model.ts'
import type { ProveRun, Session } from '../session.ts'

export type StackExperiment = ServiceExperiment<ExperimentKind, StackService, Session>

/** Name of an experiment. */
export const titleIn = ({ prefix }: ProveRun, kind: ExperimentKind): string =>
  prefix === 'prove' ? KINDS[kind].title : `${KINDS[kind].title}, with the changes`

/** What the permission shows. Services of a running stack are known only after it is inspected. */
export const effectOn = (kind: ExperimentKind, services: readonly string[] | undefined, stack?: string): string => {
  const names = services?.join(', ') ?? 'each stateless service'
  return KINDS[kind].effect(stack === undefined ? names : `${names} of stack ${stack}`)
}

/**
 * An experiment that disturbs one service after the other, under requests.
 *
 * @param effect - what it does to the nodes; undefined if it disturbs nothing.
 */
export const serviceExperiment = (run: ProveRun, effect: string | undefined, experiment: StackExperiment): Experiment =>
  experimentOnServices(
    run,
    {
      name: titleIn(run, experiment.kind),
      hosts: 'swarm_managers[0]',
      tags: ['prove', experiment.kind, 'proof'],
      disturbs: effect === undefined ? false : ({ groups }) => disturbAll(groups.swarm ?? [], effect),
      requireSteadyState: (on, session) => requireSteadyState(on, session),
    },
    experiment,
  )
