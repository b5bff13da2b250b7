import { inSeconds, joinTexts, labExperiment, say } from '../../messages/say.ts'
import { scaleCommand, scaleTo } from '../../methods/scale.ts'
import { noFailedRequest, unlessTooSlow } from '../../methods/verdicts.ts'
import { checkSteadyState, COUNTER_SERVICE, desiredReplicas, maxReplicas } from './support/cluster.ts'
import { disturbSwarmNodes } from './support/disturbs.ts'
import { observeApp } from './support/observe-app.ts'

/** Scales the app up and down under load. */
export const scale = labExperiment(
  'Scale up and down',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'scale', 'proof'],
    disturbs: disturbSwarmNodes('the Counter app is scaled up and down'),
    hypothesis:
      'The replica count is desired state; Swarm starts or stops tasks until it is reached. A stopping replica finishes its requests first, so none fails.',
    assertions: {
      'swarm.scale.up': 'Scaling up runs the desired number of replicas',
      'swarm.scale.down': 'Scaling down fails no request',
    },
    steadyState: checkSteadyState,
    rollback: async (on) => {
      await on.exec({ command: scaleCommand(COUNTER_SERVICE, desiredReplicas(on)) })
    },
  },
  async (on) => {
    const wanted = desiredReplicas(on)
    const limit = maxReplicas(on)
    const more = Math.min(wanted + 2, limit)
    const fewer = Math.max(1, Math.min(2, wanted - 1))
    const observed = await observeApp(
      on,
      { title: say('Timeline: {wanted}, {more}, {fewer}, {wanted} replicas', { wanted, more, fewer }) },
      async (watching) => {
        const up = await scaleTo(on, COUNTER_SERVICE, more, watching)
        const upAt = watching.now()
        const down = await scaleTo(on, COUNTER_SERVICE, fewer, watching)
        const restored = await scaleTo(on, COUNTER_SERVICE, wanted, watching)
        return { up, upAt, down, restored }
      },
    )
    const { up, upAt, down, restored } = observed.value
    const requests = noFailedRequest(observed, { to: upAt }).detail ?? ''
    on.finding('swarm.scale.up', {
      holds: more > wanted ? up.reached : null,
      evidence: [...up.exhibits, observed.exhibit],
      detail:
        more > wanted
          ? joinTexts(
              [
                say('{more} instead of {replicas} replicas ran after {time}', {
                  more,
                  replicas: wanted,
                  time: inSeconds(up.took),
                }),
                requests,
              ],
              '; ',
            )
          : say('cannot scale up: the nodes are limited to {limit} replicas', { limit }),
      measured: { 'time to scale up': [up.took, 's'] },
    })
    const verdict = noFailedRequest(observed, { from: upAt })
    const evidence = [...down.exhibits, ...restored.exhibits]
    const scaled = down.reached
      ? await unlessTooSlow(on, observed, { ...verdict, evidence })
      : { ...verdict, holds: false, evidence: [...evidence, observed.exhibit] }
    on.finding('swarm.scale.down', {
      ...scaled,
      detail: joinTexts(
        [
          scaled.detail ?? '',
          say('{fewer} replicas ran after {took}, {wanted} again after {took2}', {
            fewer,
            took: inSeconds(down.took),
            wanted,
            took2: inSeconds(restored.took),
          }),
        ],
        '; ',
      ),
      measured: { 'time to scale down': [down.took, 's'], ...verdict.measured },
    })
  },
)
