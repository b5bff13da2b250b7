import type { Exhibit } from 'labbook'
import { inSeconds, type LabContext, type MessageKey, say } from '../messages/say.ts'
import type { TimelineRecorder } from './observe.ts'
import type { Orchestrator, ScaledService, Scaler } from './orchestrator.ts'
import type { Claim, ServiceExperiment } from './service-experiment.ts'
import { noFailedRequest, onlyIf } from './verdicts.ts'

/** A service with another number of replicas. */
interface Scaled {
  readonly reached: boolean
  /** Seconds. */
  readonly took: number
  /** Why a replica does not run. */
  readonly error: string
  readonly exhibits: readonly Exhibit[]
}

/** Sets the number of replicas, and waits until that many run. */
export async function setReplicas(
  on: LabContext,
  { service, command, watch }: Scaler,
  replicas: number,
  { mark, now }: TimelineRecorder,
): Promise<Scaled> {
  const began = now()
  const scaled = await on.exhibit({
    title: say('Scale {service} to {replicas}', { service, replicas }),
    ...command(replicas),
  })
  mark(say('scale {service} to {replicas}', { service, replicas }))
  const { reached, exhibit, error } = await watch(replicas)
  mark(say('{replicas} run', { replicas }))
  return { reached, took: now() - began, error, exhibits: [scaled, exhibit] }
}

/** What an orchestrator says about scaling, and where the claims apply. */
interface ScaleOptions<Service, Session> {
  readonly hypothesis: Extract<MessageKey, `${string} until the desired number ${string}`>
  readonly canGrow?: Claim<Service, Session>['applies']
  readonly answersRequests: NonNullable<Claim<Service, Session>['applies']>
}

/** Scales a service up by one and back. */
export const scaleExperiment = <Service extends ScaledService, Session>(
  { observe, judge, scaler }: Orchestrator<Service, Session>,
  { hypothesis, canGrow = () => true, answersRequests }: ScaleOptions<Service, Session>,
): ServiceExperiment<'scale', Service, Session> => ({
  kind: 'scale',
  hypothesis,
  claims: [
    { name: 'up', statement: ({ name }) => say('One more replica of {name} starts', { name }), applies: canGrow },
    {
      name: 'requests',
      statement: ({ name }) => say('Scaling {name} up and down fails no request', { name }),
      applies: (service, session) => canGrow(service, session) && answersRequests(service, session),
    },
  ],
  async method(on, session, service) {
    const { name, replicas } = service
    const more = replicas + 1
    const own = scaler(on, session, service)
    const observed = await observe(
      on,
      session,
      say('Timeline: {service} with {more} and {replicas} replicas', { service: name, more, replicas }),
      async (watching) => {
        const up = await setReplicas(on, own, more, watching)
        const down = await setReplicas(on, own, replicas, watching)
        await on.pause(1, 'the last responses')
        return { up, down }
      },
    )
    const { up, down } = observed.value
    const time = inSeconds(up.took)
    return {
      up: {
        holds: up.reached,
        evidence: [...up.exhibits, observed.exhibit],
        detail: up.reached
          ? say('{more} instead of {replicas} replicas ran after {time}', { more, replicas, time })
          : say('{more} replicas did not run within {time}{why}', {
              more,
              time,
              why: up.error === '' ? '' : `: ${up.error}`,
            }),
        measured: up.reached ? { 'time to scale up': [up.took, 's'] } : {},
      },
      requests: onlyIf(
        up.reached && down.reached,
        await judge(on, observed, { ...noFailedRequest(observed), evidence: [...up.exhibits, ...down.exhibits] }),
      ),
    }
  },
  undo: async (on, session, service) => {
    await on.exec(scaler(on, session, service).command(service.replicas))
  },
})
