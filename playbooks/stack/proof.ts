import { type Exhibit, type MessageValue } from 'labbook'
import { labExperiment, type LabContext, say, joinTexts, tableOf } from '../messages/say.ts'
import { readRequest } from './request.ts'
import {
  describeFailure,
  hasAllTasks,
  judge,
  unconvergedServices,
  type FailedService,
  type Judgement,
} from './tasks.ts'
import { readState, stateCommand, type StackState } from './stack-state.ts'
import { stackVars } from './vars.ts'

const LOG_LINES = 20
/** Details are shown for this many failed services; the rest are only named. */
const MAX_DETAILED = 4

const PROVES = {
  'stack.converged': 'Stack has converged: no update is in progress, and no task is starting or failing',
  'stack.replicas': 'Every service runs its desired number of tasks, or has completed them',
  'stack.health': 'Every container with a health check is healthy',
} as const

/** Waits for the stack to converge, or reports which task does not start and why. */
export const stackProof = labExperiment(
  'Verify the stack',
  {
    hosts: 'swarm_managers[0]',
    tags: ['stack', 'proof'],
    disturbs: false,
    hypothesis: 'Every service starts all its tasks and keeps them running.',
    assertions: PROVES,
  },
  async (on) => {
    const vars = on.hostvars(on.hosts[0] as string)
    const { name, state } = readRequest(vars)
    if (state === 'absent') {
      on.inconclusive(say('stack {name} is removed (state=absent)', { name }))
      return
    }
    await verifyStack(on, name, stackVars.read(vars).stack_timeout)
  },
)

/** Reports the three findings of a stack. */
async function verifyStack(on: LabContext, stack: string, within: number): Promise<void> {
  await warnWithoutIpvs(on, stack)
  const { judgement, stackState, seconds, exhibit } = await watchStack(on, stack, within)
  const services = await on.exhibit({
    title: say('Services of {stack}', { stack }),
    command: `docker stack services ${stack} --format 'table {{.Name}}\\t{{.Mode}}\\t{{.Replicas}}\\t{{.Image}}\\t{{.Ports}}'`,
  })
  const placement = recordPlacement(on, stack, stackState)
  const failed = judgement.kind === 'failed' ? judgement.failedServices : []
  // Report all other services that have not converged, too: one of them may be the cause.
  const unconverged =
    judgement.kind === 'converged'
      ? []
      : unconvergedServices(stackState).filter(({ service }) =>
          failed.every((failedService) => failedService.service !== service),
        )
  const failedServices = [...failed, ...unconverged]
  const details = await explainFailures(on, failedServices)
  const prefix = judgement.kind === 'waiting' ? say('not converged within {within} s: ', { within }) : ''
  on.finding('stack.converged', {
    holds: judgement.kind === 'converged',
    evidence: [exhibit, ...details.evidence],
    detail:
      judgement.kind === 'converged'
        ? say('{services} services converged after {seconds} s', {
            services: stackState.services.length,
            seconds: seconds.toFixed(0),
          })
        : joinTexts([prefix, joinTexts(details.messages, '; ')], ''),
    measured: judgement.kind === 'converged' ? { 'time to converge': [seconds, 's'] } : {},
  })
  const incomplete = stackState.services.filter((service) => !hasAllTasks(service, stackState.tasks))
  on.finding('stack.replicas', {
    holds: stackState.services.length > 0 && incomplete.length === 0,
    evidence: [services, placement],
    detail:
      stackState.services.length === 0
        ? say('no services')
        : joinTexts(
            stackState.services.map(({ name, running, desired: wanted, completed }) =>
              completed === null
                ? `${shortName(name, stack)} ${running}/${wanted}`
                : say('{service} {count}/{of} completed', { service: shortName(name, stack), ...completed }),
            ),
          ),
  })
  await reportHealth(on, stack)
}

const shortName = (name: string, stack: string): string =>
  name.startsWith(`${stack}_`) ? name.slice(stack.length + 1) : name

async function watchStack(on: LabContext, stack: string, within: number) {
  let before: ReadonlySet<string> | undefined
  let stackState: StackState = { services: [], tasks: [] }
  let judgement: Judgement = { kind: 'waiting', for: 'the services' }
  let convergedPolls = 0
  let firstPoll: number | undefined
  const { seconds, exhibit } = await on.watch({
    title: say('State of stack {stack}', { stack }),
    command: stateCommand(stack),
    within,
    every: 2,
    until: ({ stdout, exitCode }) => {
      if (exitCode !== 0) return false
      stackState = readState(stdout)
      before ??= new Set(stackState.tasks.filter(({ desired }) => desired === 'shutdown').map(({ id }) => id))
      firstPoll ??= performance.now()
      judgement = judge(stackState, before, (performance.now() - firstPoll) / 1000)
      // Twice in a row: between two steps of an update the stack may look converged.
      convergedPolls = judgement.kind === 'converged' ? convergedPolls + 1 : 0
      return judgement.kind === 'failed' || convergedPolls >= 2
    },
  })
  // TypeScript does not see that `until` assigns it.
  return { judgement: judgement as Judgement, stackState, seconds, exhibit }
}

/** Explains failed services with their tasks and the end of their logs. */
async function explainFailures(
  on: LabContext,
  failedServices: readonly FailedService[],
): Promise<{ messages: MessageValue[]; evidence: Exhibit[] }> {
  const messages: MessageValue[] = []
  const evidence: Exhibit[] = []
  for (const failedService of failedServices.slice(0, MAX_DETAILED)) {
    messages.push(describeFailure(failedService))
    const { service, task } = failedService
    evidence.push(
      await on.exhibit({
        title: say('Tasks of {service}', { service }),
        command: `docker service ps ${service} --no-trunc --format 'table {{.Name}}\\t{{.Node}}\\t{{.DesiredState}}\\t{{.CurrentState}}\\t{{.Error}}'`,
      }),
    )
    // A task without a node has no log.
    if (task === undefined || task.node === '' || task.state === 'rejected') continue
    const log = await on.exhibit({
      title: say('Log of {task}', { task: task.name }),
      command: `timeout 20 docker service logs --raw --tail ${LOG_LINES} ${task.id}`,
      timeout: 30,
    })
    evidence.push(log)
    // Programs usually print their last error to stderr.
    const last = (log.stderr.trim() || log.stdout.trim()).split('\n').at(-1) ?? ''
    if (log.exitCode === 0 && last !== '') messages.push(say('last log line: {line}', { line: last.slice(0, 300) }))
  }
  const hidden = failedServices.slice(MAX_DETAILED).map(({ service }) => service)
  return {
    messages:
      hidden.length === 0 ? messages : [...messages, say('also failed: {services}', { services: hidden.join(', ') })],
    evidence,
  }
}

/** Records the number of running tasks per service and node. */
function recordPlacement(on: LabContext, stack: string, { services, tasks }: StackState): Exhibit {
  const running = tasks.filter(({ desired, state }) => desired === 'running' && state === 'running')
  const nodes = [...new Set(running.map(({ node }) => node))].sort()
  const names = services.map(({ name }) => name)
  return on.record({
    title: say('Placement of {stack}', { stack }),
    command: say('docker stack ps {stack}, counted by service and node', { stack }),
    stdout: tableOf([
      [say('SERVICE'), ...nodes],
      ...names.map((name) => [
        shortName(name, stack),
        ...nodes.map((node) => running.filter((task) => task.service === name && task.node === node).length || '-'),
      ]),
    ]),
    durationMs: 0,
  })
}

async function reportHealth(on: LabContext, stack: string): Promise<void> {
  const evidence: Exhibit[] = []
  for (const host of on.groups.swarm ?? []) {
    evidence.push(
      await on.exhibit({
        title: say('Health on {host}', { host }),
        host,
        command: `docker ps --filter label=com.docker.stack.namespace=${stack} --format '{{.Label "com.docker.swarm.task.name"}}\\t{{.Status}}'`,
      }),
    )
  }
  const lines = evidence.flatMap(({ stdout }) => stdout.split('\n').filter((line) => line !== ''))
  const checked = lines.filter((line) => /\((healthy|unhealthy|health: starting)\)/.test(line))
  const unhealthy = checked
    .filter((line) => !line.includes('(healthy)'))
    .map((line) => line.split('\t')[0]?.replace(/\.[^.]*$/, '') ?? '')
  const unreachable = evidence.filter(({ exitCode }) => exitCode !== 0).map(({ host }) => host)
  const unchecked = new Set(
    lines.filter((line) => !checked.includes(line)).map((line) => shortName(line.split('.')[0] ?? '', stack)),
  )
  on.finding('stack.health', {
    holds: unhealthy.length > 0 ? false : checked.length === 0 || unreachable.length > 0 ? null : true,
    evidence,
    detail: joinTexts(
      [
        say('{healthy} of {checked} containers with a health check are healthy', {
          healthy: checked.length - unhealthy.length,
          checked: checked.length,
        }),
        ...(unhealthy.length > 0 ? [say('not healthy: {tasks}', { tasks: unhealthy.join(', ') })] : []),
        ...(unchecked.size > 0
          ? [say('without a health check: {services}', { services: [...unchecked].join(', ') })]
          : []),
        ...(unreachable.length > 0 ? [say('unreachable: {nodes}', { nodes: unreachable.join(', ') })] : []),
      ],
      '; ',
    ),
  })
}

/** Warns if the kernel has no IPVS: virtual IPs and the routing mesh do not work then, without an error from Docker. */
async function warnWithoutIpvs(on: LabContext, stack: string): Promise<void> {
  const { stdout } = await on.exec({
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
  on.log(
    say(
      'the kernel has no IPVS, so virtual IPs and ingress ports of {names} do not work; use endpoint_mode: dnsrr, and ports with mode: host',
      { names: names.map((name) => shortName(name, stack)).join(', ') },
    ),
    'warning',
  )
}
