import { MessageError } from 'labbook'
import type { StackService } from '../model.ts'
import { type LabContext, say } from '../../messages/say.ts'
import { containerIn, isRunning, serviceTasks, type StackTask } from '../../methods/tasks.ts'
import type { ClaimVerdict } from '../../methods/experiment-series.ts'

const ENDED = /^(shutdown|failed|complete|rejected|remove|orphaned)$/
/** 128 + SIGKILL: Docker killed it when the grace period was over. */
const KILLED = '137'
const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
  SIGWINCH: 28,
}
/** Docker's default. */
const GRACE_SECONDS = 10

const outcomesCommand = (tasks: readonly StackTask[]): string =>
  `docker inspect ${tasks.map(({ id }) => id).join(' ')} --format '{{.ID}} {{.Status.State}} {{with .Status.ContainerStatus}}{{.ExitCode}}{{end}} {{json .Spec.ContainerSpec.StopGracePeriod}}'`

/**
 * Whether the containers of replaced tasks ended by themselves when Docker asked them to stop.
 *
 * @param old - the tasks before the update.
 */
export async function stopVerdict(
  on: LabContext,
  service: StackService,
  name: string,
  old: readonly StackTask[],
): Promise<ClaimVerdict> {
  const replaced = (await serviceTasks(on, name)).filter(
    (task) => !isRunning(task) && old.some(({ id }) => id === task.id),
  )
  if (replaced.length === 0) return { holds: null, evidence: [], detail: say('the update replaced no task') }
  const { reached, exhibit } = await on.watch({
    title: say('Exit codes of replaced tasks of {service}', { service: service.name }),
    waitingFor: `the old tasks of ${service.name} to stop`,
    command: outcomesCommand(replaced),
    within: 90,
    until: ({ stdout }) =>
      stdout
        .split('\n')
        .filter(Boolean)
        .every((line) => ENDED.test(line.split(' ')[1] ?? '')),
  })
  const outcomes = exhibit.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' '))
  const killed = outcomes.filter(([, , exitCode]) => exitCode === KILLED)
  const grace = graceSeconds(outcomes[0]?.[3] ?? '')
  // The history of tasks may have lost some.
  const isKnown = reached && outcomes.length > 0
  return {
    holds: killed.length > 0 ? false : isKnown ? true : null,
    evidence: [exhibit],
    detail:
      killed.length > 0
        ? say('{killed} of {containers} containers were killed after {grace} s (exit code {code})', {
            killed: killed.length,
            containers: outcomes.length,
            grace,
            code: KILLED,
          })
        : isKnown
          ? say('{stopped} of {containers} containers stopped by themselves', {
              stopped: outcomes.length,
              containers: outcomes.length,
            })
          : say('not all old containers have stopped, or their exit codes are not known'),
    facts: { grace, ...(killed.length === 0 ? {} : await signalFacts(on, service, name)) },
  }
}

/** From nanoseconds, or `null`. */
const graceSeconds = (nanoseconds: string): number => Number(nanoseconds) / 1e9 || GRACE_SECONDS

/**
 * Whether the first process of a container handles the stop signal. Without a handler, the kernel ignores it. Asks a
 * new container, wherever it runs: it has the same image and command as the old ones. Empty: not known.
 */
async function signalFacts(
  on: LabContext,
  service: StackService,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const container = await containerIn(on, name).catch((error: unknown) => {
    if (!(error instanceof MessageError)) throw error
  })
  if (container === undefined) return {}
  const { node, id } = container
  const exhibit = await on.exhibit({
    title: say('Signals that {service} handles', { service: service.name }),
    host: node,
    command: [
      `docker inspect --format '{{.Config.StopSignal}} {{.HostConfig.Init}}' ${id}`,
      `grep -E '^Sig(Cgt|Blk)' /proc/$(docker inspect --format '{{.State.Pid}}' ${id})/status`,
    ].join('\n'),
  })
  const [settings = ''] = exhibit.stdout.split('\n')
  const signal = settings.split(' ')[0] ?? ''
  const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(exhibit.stdout)?.[1]
  const number = SIGNALS[signal === '' || signal === '<no' ? 'SIGTERM' : signal] ?? SIGNALS.SIGTERM
  if (caught === undefined || number === undefined) return {}
  return { handlesStopSignal: ((BigInt(`0x${caught}`) >> BigInt(number - 1)) & 1n) === 1n ? 'yes' : 'no' }
}
