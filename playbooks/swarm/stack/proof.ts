import { experiment, type Exhibit, type ExperimentContext } from '../../../src/labbook.ts'
import { requestFrom } from './request.ts'
import {
  explain,
  judge,
  latecomers,
  readState,
  stateCommand,
  type Culprit,
  type Judgement,
  type StackState,
} from './tasks.ts'

const TIME_LIMIT_SECONDS = 240
const LOG_LINES = 20
/** Of so many services it is shown why they do not come up; the rest are named. */
const MOST_SHOWN = 4

const PROVES = {
  'stack.converged': 'The stack has converged: no update is under way, and no task is starting or failing',
  'stack.replicas': 'Every service runs as many tasks as it was asked for',
  'stack.health': 'Every container that has a health check is healthy',
}

/** Waits until the stack has converged, or shows which task does not start, and why. */
export const stackProof = experiment(
  'The stack has converged',
  {
    hosts: 'swarm_managers[0]',
    tags: ['stack', 'proof'],
    disturbs: false,
    hypothesis: 'Every service comes up with all its tasks and stays up.',
    proves: PROVES,
  },
  async (on) => {
    const vars = on.hostvars(on.hosts[0] as string)
    const { name, state } = requestFrom(vars)
    if (state === 'absent') {
      on.cannotTell(`the stack ${name} was to be removed`)
      return
    }
    await converges(on, name, Number(vars.stack_timeout ?? TIME_LIMIT_SECONDS))
  },
)

/** Makes the three findings of a stack. */
async function converges(on: ExperimentContext, stack: string, within: number): Promise<void> {
  await tellWithoutMesh(on, stack)
  const { judgement, seen, seconds, exhibit } = await watchStack(on, stack, within)
  const services = await on.exhibit({
    title: `Services of ${stack}`,
    command: `docker stack services ${stack} --format 'table {{.Name}}\\t{{.Mode}}\\t{{.Replicas}}\\t{{.Image}}\\t{{.Ports}}'`,
  })
  const placement = recordPlacement(on, stack, seen)
  const worst = judgement.kind === 'hopeless' ? judgement.culprits : []
  // Whoever else has not come up by now is told as well: it may be the reason.
  const late =
    judgement.kind === 'converged'
      ? []
      : latecomers(seen).filter(({ service }) => worst.every((culprit) => culprit.service !== service))
  const culprits = [...worst, ...late]
  const shown = await showCulprits(on, culprits)
  const given = judgement.kind === 'waiting' ? `not within ${within} s: ` : ''
  on.finding('stack.converged', {
    holds: judgement.kind === 'converged',
    evidence: [exhibit, ...shown.evidence],
    detail:
      judgement.kind === 'converged'
        ? `${seen.services.length} services after ${seconds.toFixed(0)} s`
        : `${given}${shown.words.join('; ')}`,
    measured: judgement.kind === 'converged' ? { 'time to converge': [seconds, 's'] } : {},
  })
  const short = seen.services.filter(({ running, wanted }) => running < wanted)
  on.finding('stack.replicas', {
    holds: seen.services.length > 0 && short.length === 0,
    evidence: [services, placement],
    detail:
      seen.services.map(({ name, running, wanted }) => `${own(name, stack)} ${running}/${wanted}`).join(', ') ||
      'no service',
  })
  await tellHealth(on, stack)
}

const own = (name: string, stack: string): string =>
  name.startsWith(`${stack}_`) ? name.slice(stack.length + 1) : name

async function watchStack(on: ExperimentContext, stack: string, within: number) {
  let before: ReadonlySet<string> | undefined
  let seen: StackState = { services: [], tasks: [] }
  let judgement: Judgement = { kind: 'waiting', for: 'the services' }
  let steady = 0
  const { seconds, exhibit } = await on.watch({
    title: `Stack ${stack} converges`,
    command: stateCommand(stack),
    within,
    every: 2,
    until: ({ stdout, exitCode }) => {
      if (exitCode !== 0) return false
      seen = readState(stdout)
      before ??= new Set(seen.tasks.filter(({ desired }) => desired === 'shutdown').map(({ id }) => id))
      judgement = judge(seen, before)
      // Twice in a row: between two steps of an update all may seem well.
      steady = judgement.kind === 'converged' ? steady + 1 : 0
      return judgement.kind === 'hopeless' || steady >= 2
    },
  })
  // The compiler does not see that the watch has set it.
  return { judgement: judgement as Judgement, seen, seconds, exhibit }
}

/** The last words of those that do not come up. */
async function showCulprits(
  on: ExperimentContext,
  culprits: readonly Culprit[],
): Promise<{ words: string[]; evidence: Exhibit[] }> {
  const words: string[] = []
  const evidence: Exhibit[] = []
  for (const culprit of culprits.slice(0, MOST_SHOWN)) {
    words.push(explain(culprit))
    const { service, task } = culprit
    evidence.push(
      await on.exhibit({
        title: `Tasks of ${service}`,
        command: `docker service ps ${service} --no-trunc --format 'table {{.Name}}\\t{{.Node}}\\t{{.DesiredState}}\\t{{.CurrentState}}\\t{{.Error}}'`,
      }),
    )
    // A task that no node has taken has no log, and one on a node that is gone would be waited for.
    if (task === undefined || task.node === '' || task.state === 'rejected') continue
    const log = await on.exhibit({
      title: `Log of ${task.name}`,
      command: `timeout 20 docker service logs --raw --tail ${LOG_LINES} ${task.id}`,
      timeout: 30,
    })
    evidence.push(log)
    // What a program says when it gives up goes to its errors as a rule.
    const last = (log.stderr.trim() || log.stdout.trim()).split('\n').at(-1) ?? ''
    if (log.exitCode === 0 && last !== '') words.push(`its log ends: ${last.slice(0, 300)}`)
  }
  const hidden = culprits.slice(MOST_SHOWN).map(({ service }) => service)
  return { words: hidden.length === 0 ? words : [...words, `and so do ${hidden.join(', ')}`], evidence }
}

/** Which node has which tasks. */
function recordPlacement(on: ExperimentContext, stack: string, { services, tasks }: StackState): Exhibit {
  const running = tasks.filter(({ desired, state }) => desired === 'running' && state === 'running')
  const nodes = [...new Set(running.map(({ node }) => node))].sort()
  const names = services.map(({ name }) => name)
  const width = Math.max(7, ...names.map((name) => own(name, stack).length)) + 2
  const row = (name: string, cells: readonly (string | number)[]): string =>
    `${name.padEnd(width)}${cells.map((cell) => String(cell).padEnd(12)).join('')}`.trimEnd()
  return on.record({
    title: `Placement of ${stack}`,
    command: `docker stack ps ${stack}, counted by service and node`,
    stdout: [
      row('SERVICE', nodes),
      ...names.map((name) =>
        row(
          own(name, stack),
          nodes.map((node) => running.filter((task) => task.service === name && task.node === node).length || '-'),
        ),
      ),
    ].join('\n'),
    durationMs: 0,
  })
}

async function tellHealth(on: ExperimentContext, stack: string): Promise<void> {
  const evidence: Exhibit[] = []
  for (const host of on.groups.swarm ?? []) {
    evidence.push(
      await on.exhibit({
        title: `Health on ${host}`,
        host,
        command: `docker ps --filter label=com.docker.stack.namespace=${stack} --format '{{.Label "com.docker.swarm.task.name"}}\\t{{.Status}}'`,
      }),
    )
  }
  const lines = evidence.flatMap(({ stdout }) => stdout.split('\n').filter((line) => line !== ''))
  const checked = lines.filter((line) => /\((healthy|unhealthy|health: starting)\)/.test(line))
  const ill = checked
    .filter((line) => !line.includes('(healthy)'))
    .map((line) => line.split('\t')[0]?.replace(/\.[^.]*$/, '') ?? '')
  const blind = evidence.filter(({ exitCode }) => exitCode !== 0).map(({ host }) => host)
  const unchecked = new Set(
    lines.filter((line) => !checked.includes(line)).map((line) => own(line.split('.')[0] ?? '', stack)),
  )
  on.finding('stack.health', {
    holds: ill.length > 0 ? false : checked.length === 0 || blind.length > 0 ? null : true,
    evidence,
    detail: [
      `${checked.length - ill.length} of ${checked.length} containers with a health check are healthy`,
      ...(ill.length > 0 ? [`not so: ${ill.join(', ')}`] : []),
      ...(unchecked.size > 0 ? [`no check: ${[...unchecked].join(', ')}`] : []),
      ...(blind.length > 0 ? [`not seen: ${blind.join(', ')}`] : []),
    ].join('; '),
  })
}

/** Without IPVS a service's virtual address and the routing mesh lead nowhere, and Docker does not say so. */
async function tellWithoutMesh(on: ExperimentContext, stack: string): Promise<void> {
  const { stdout } = await on.look({
    command: [
      '[ -d /proc/sys/net/ipv4/vs ] || [ -e /proc/net/ip_vs ] || modprobe -n -q ip_vs 2>/dev/null && exit 0',
      `docker stack services -q ${stack} | xargs -r docker service inspect --format '{{with .Spec.EndpointSpec}}{{if ne .Mode "dnsrr"}}{{$.Spec.Name}}{{end}}{{end}}'`,
    ].join('\n'),
  })
  const names = stdout
    .split('\n')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (names.length === 0) return
  on.notice(
    `this kernel has no IPVS: the names of ${names.map((name) => own(name, stack)).join(', ')} and ports they publish with mode ingress lead nowhere; ` +
      'write endpoint_mode: dnsrr, and ports with mode: host',
    'warning',
  )
}
