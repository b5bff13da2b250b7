import { inSeconds, type LabContext, say } from '../../../messages/say.ts'
import { noFailedRequest, onlyIf } from '../../../methods/verdicts.ts'
import type { TimelineRecorder } from '../../../methods/observe.ts'
import type { Workload } from '../model.ts'
import { observeWorkloads } from '../observe.ts'
import { commandsFor, type KubernetesSession } from '../session.ts'
import { isReady } from '../../objects.ts'
import { podsOf } from '../state.ts'
import { watchState } from './pods.ts'
import { hasEntryPoints } from '../../../methods/traffic.ts'
import type { WorkloadExperiment } from './workload-experiment.ts'

/** Scales a workload up by one and back. */
export const scale: WorkloadExperiment = {
  kind: 'scale',
  hypothesis:
    'Kubernetes adds and removes pods until the desired number is ready. A pod that terminates finishes its requests first.',
  claims: [
    { name: 'up', statement: ({ name }) => say('One more replica of {name} starts', { name }) },
    {
      name: 'requests',
      statement: ({ name }) => say('Scaling {name} up and down fails no request', { name }),
      applies: hasEntryPoints,
    },
  ],
  async method(on, session, workload) {
    const { name, replicas } = workload
    const observed = await observeWorkloads(
      on,
      session,
      say('Timeline: {service} with {more} and {replicas} replicas', { service: name, more: replicas + 1, replicas }),
      async (watching) => {
        const up = await scaleTo(on, session, workload, replicas + 1, watching)
        const down = await scaleTo(on, session, workload, replicas, watching)
        await on.pause(1, 'the last responses')
        return { up, down }
      },
    )
    const { up, down } = observed.value
    return {
      up: {
        holds: up.reached,
        evidence: [...up.exhibits, observed.exhibit],
        detail: up.reached
          ? say('{more} instead of {replicas} replicas ran after {time}', {
              more: replicas + 1,
              replicas,
              time: inSeconds(up.took),
            })
          : say('{more} replicas did not run within {time}{why}', {
              more: replicas + 1,
              time: inSeconds(up.took),
              why: up.blocked === '' ? '' : `: ${up.blocked}`,
            }),
        measured: up.reached ? { 'time to scale up': [up.took, 's'] } : {},
      },
      requests: {
        ...onlyIf(up.reached && down.reached, noFailedRequest(observed)),
        evidence: [...up.exhibits, ...down.exhibits, observed.exhibit],
      },
    }
  },
  undo: async (on, session, workload) => {
    const { at } = commandsFor(on, session.model)
    await on.exec({ ...at, command: scaleCommand(on, session, workload, workload.replicas) })
  },
}

export const scaleCommand = (
  on: Parameters<typeof commandsFor>[0],
  { model }: KubernetesSession,
  { kind, name }: Workload,
  replicas: number,
): string => commandsFor(on, model).k(`scale ${kind.toLowerCase()} ${name} --replicas=${replicas}`)

async function scaleTo(
  on: LabContext,
  session: KubernetesSession,
  workload: Workload,
  replicas: number,
  { mark, now }: TimelineRecorder,
) {
  const { at } = commandsFor(on, session.model)
  const began = now()
  const scaled = await on.exhibit({
    ...at,
    title: say('Scale {service} to {replicas}', { service: workload.name, replicas }),
    command: scaleCommand(on, session, workload, replicas),
  })
  mark(say('scale {service} to {replicas}', { service: workload.name, replicas }))
  const { reached, exhibit, state } = await watchState(
    on,
    session,
    say('Pods of {workload} until {replicas} are ready', { workload: workload.name, replicas }),
    `${replicas} pods of ${workload.name}`,
    120,
    (each) => {
      const pods = podsOf(each, workload)
      return pods.length === replicas && pods.every(isReady)
    },
  )
  mark(say('{replicas} run', { replicas }))
  const blocked = podsOf(state, workload).find((pod) => pod.blocked !== '')?.blocked ?? ''
  return { reached, took: now() - began, blocked, exhibits: [scaled, exhibit] }
}
