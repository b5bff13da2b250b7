import { faultsOf, powerOffEach } from '../../lab/faults.ts'
import { inSeconds, labExperiment, say } from '../../messages/say.ts'
import { checkSteadyState, movableReplicas, restoreNode, targetNode } from './support/cluster.ts'
import { lastWorker } from './support/disturbs.ts'
import { ipvsTables, reportMissingIpvs } from '../../methods/ipvs.ts'
import { evidenceOf, injectNodeFault, recoverNode } from '../../methods/node-outage.ts'
import { observeApp } from './support/observe-app.ts'

const POWER_OFF = 'swarm.node-power-off.recovers'

/** Powers off a node while requests go through the routing mesh of the other nodes. */
export const meshPowerOff = labExperiment(
  'Power off a node under the routing mesh',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'mesh-power-off', 'proof'],
    disturbs: (on) => powerOffEach(on, lastWorker(on)),
    hypothesis:
      'Until the manager marks the node Down, the other nodes forward connections to it that time out. Then Swarm removes its replicas from the IPVS tables and starts others; from then on no request fails.',
    assertions: {
      [POWER_OFF]:
        'Routing mesh of the other nodes answers all requests once the powered-off node is Down, and the recovered node is Ready',
    },
    steadyState: checkSteadyState,
    rollback: async (on) => {
      const node = targetNode(on)
      await restoreNode(on, node, faultsOf(on, node).powerLoss, { within: 300, every: 3 })
    },
  },
  async (on) => {
    if (await reportMissingIpvs(on)) return
    const node = targetNode(on)
    const fault = faultsOf(on, node).powerLoss
    const from = on.hosts[0] as string
    const before = await ipvsTables(on, from, 'IPVS tables of {host} before the power-off')
    const { value, exhibit, requestStats } = await observeApp(
      on,
      {
        title: say('Timeline: {description}, routing mesh', { description: fault.text }),
        perSecond: 6,
        endpoints: (endpoint) => endpoint !== node,
      },
      async (timeline) => {
        const outage = await injectNodeFault(on, node, fault, timeline, {
          state: 'Down',
          stateWithin: 180,
          services: movableReplicas(on),
          movedWithin: 400,
        })
        const replacedAt = timeline.now()
        const during = await ipvsTables(on, from, 'IPVS tables of {host} during the power-off')
        const back = await recoverNode(on, node, fault, timeline, { within: 400, every: 2 })
        return { ...outage, replacedAt, during, ...back, readyAfter: timeline.now() - replacedAt }
      },
    )
    const {
      injected,
      state: down,
      stateAfter,
      moved,
      injectedAt,
      replacedAt,
      during,
      recovered,
      ready,
      readyAfter,
    } = value
    const [outage, later] = [requestStats({ from: injectedAt, to: replacedAt }), requestStats({ from: replacedAt })]
    on.finding(POWER_OFF, {
      holds: down?.reached === true && moved?.reached === true && ready.reached && later.sent > 0 && later.failed === 0,
      evidence: [before, injected, ...evidenceOf(down, moved), during, recovered, ready.exhibit, exhibit],
      detail: say(
        '{failed} of {sent} requests failed after all replicas ran on other nodes ({replacedAfter}, Down after {downAfter}), {failed2} of {sent2} before (longest outage {outage}); {node} Ready {readyAfter} later',
        {
          failed: later.failed,
          sent: later.sent,
          replacedAfter: inSeconds(replacedAt - injectedAt),
          downAfter: inSeconds(stateAfter),
          failed2: outage.failed,
          sent2: outage.sent,
          outage: inSeconds(outage.outage),
          node,
          readyAfter: inSeconds(readyAfter),
        },
      ),
      measured: {
        'time to Down': [stateAfter, 's'],
        'time to all replicas': [replacedAt - injectedAt, 's'],
        'failed requests': [outage.failed, ''],
        'longest outage': [outage.outage, 's'],
        'time to Ready': [readyAfter, 's'],
      },
    })
  },
)
