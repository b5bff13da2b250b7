import type { Exhibit } from 'labbook'
import { type LabContext, say } from '../../messages/say.ts'
import { dataMounts } from '../classify.ts'
import type { StackService } from '../model.ts'
import { containerIn, fullName, isRunning, serviceTasks } from '../../methods/tasks.ts'
import type { Session } from '../session.ts'
import { matchingNodes } from '../swarm-nodes.ts'
import type { ClaimVerdict } from '../../methods/experiment-series.ts'
import type { StackExperiment } from './service-experiment.ts'

/** Mounts whose data stays on the node where it was written. */
const nodeLocal = (service: StackService) =>
  dataMounts(service).filter(({ type, driver }) => type !== 'cluster' && driver === 'local')

/** Checks settings that decide what happens under a fault that is not injected. */
export const settings: StackExperiment = {
  kind: 'settings',
  hypothesis: 'No service can take all memory of a node, and no data stays behind when a task moves.',
  claims: [
    { name: 'memory-limit', statement: ({ name }) => say('Containers of {name} have a memory limit', { name }) },
    {
      name: 'volume',
      statement: ({ name }) =>
        say('Data of {name} stays with its task: only one node can run it, or the volume is shared', { name }),
      applies: (service) => service.mode === 'replicated' && nodeLocal(service).length > 0,
    },
  ],
  async method(on, session, service) {
    const exhibit = await on.exhibit({
      title: say('Settings of {service}', { service: service.name }),
      command: `docker service inspect --pretty ${fullName(session, service.name)}`,
    })
    return {
      'memory-limit': await memoryLimit(on, session, service, exhibit),
      volume: await volumeVerdict(on, session, service, exhibit),
    }
  },
}

async function memoryLimit(
  on: LabContext,
  session: Session,
  service: StackService,
  exhibit: Exhibit,
): Promise<ClaimVerdict> {
  if (service.hasMemoryLimit) return { holds: true, evidence: [exhibit], detail: say('limited') }
  const used = await memoryOf(on, fullName(session, service.name))
  return {
    holds: false,
    evidence: [exhibit],
    detail: used === undefined ? say('no limit') : say('no limit; a container uses {used} MiB', { used }),
    facts: used === undefined ? {} : { 'memory MiB': used },
  }
}

/** MiB that a container of the service uses; undefined if it cannot be read. */
async function memoryOf(on: LabContext, service: string): Promise<number | undefined> {
  try {
    const { node, id } = await containerIn(on, service)
    const { stdout } = await on.exec({
      host: node,
      command: `docker stats --no-stream --format '{{.MemUsage}}' ${id}`,
    })
    const [, value, unit] = /^([\d.]+)\s*([KMG])iB/.exec(stdout.trim()) ?? []
    if (value === undefined) return undefined
    return Math.ceil(Number(value) * ({ K: 1 / 1024, M: 1, G: 1024 }[unit ?? 'M'] ?? 1))
  } catch (error) {
    if (on.signal.aborted) throw error
    return undefined
  }
}

async function volumeVerdict(
  on: LabContext,
  session: Session,
  service: StackService,
  exhibit: Exhibit,
): Promise<ClaimVerdict> {
  const mounts = nodeLocal(service)
  const nodes = matchingNodes(session.nodes, service.constraints).map(({ hostname }) => hostname)
  const [mount] = mounts
  const current = (await serviceTasks(on, fullName(session, service.name))).find(isRunning)
  const name = mount?.source === '' ? mount.target : (mount?.source ?? '')
  return {
    holds: nodes.length <= 1,
    evidence: [exhibit],
    detail:
      nodes.length <= 1
        ? say('only {node} can run it', { node: nodes.join('') || say('no node') })
        : say(
            '{volume} is local to a node, and {nodes} nodes can run the task: on another node it starts without the data',
            { volume: name, nodes: nodes.length },
          ),
    facts: current === undefined ? {} : { node: current.node },
  }
}
