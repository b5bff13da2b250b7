import type { Experiment } from 'labbook'
import { type LabContext, say, labExperiment, joinTexts } from '../messages/say.ts'
import { readState, stateCommand, type StackState } from '../stack/stack-state.ts'
import { describeFailure, judge, unconvergedServices } from '../stack/tasks.ts'
import { readModel, readSubject } from './compose-file.ts'
import { modelOfServices, servicesCommand } from './from-services.ts'
import { requireServices, type ExperimentKind } from './kinds.ts'
import type { StackModel } from './model.ts'
import { modelLines, modelTables } from './preview.ts'
import { fullName, isRunning, serviceTasks } from '../methods/tasks.ts'
import type { ProveRun, Session } from './session.ts'
import { nodesCommand, parseNodeAttributes } from './swarm-nodes.ts'
import { unsupportedKinds } from './unsupported.ts'
import { failingProbes, isNotHttp, targetsOfEntryPoint, type EntryTarget } from '../methods/traffic.ts'
import type { EntryPoint } from '../methods/entry-point.ts'
import { HAS_IPVS } from '../methods/ipvs.ts'
import { currentTargets, isSteady } from '../methods/steady-state.ts'

const CONVERGE_SECONDS = 240
const ANSWER_SECONDS = 60

/** Finds out what runs, what to watch, and what the machines support. */
export function inspectStack(run: ProveRun, kinds: readonly ExperimentKind[]): Experiment {
  const [converged, answers] = [`${run.prefix}.inspect.converged`, `${run.prefix}.inspect.answers`]
  return labExperiment(
    run.prefix === 'prove' ? 'Inspect the stack' : 'Inspect the stack, with the changes',
    {
      hosts: 'swarm_managers[0]',
      tags: ['prove', 'proof'],
      disturbs: false,
      hypothesis: 'Every service runs all its tasks, and every entry point answers. Otherwise nothing is disturbed.',
      assertions: () =>
        run.isNeeded
          ? { [converged]: 'Every service runs its desired number of tasks', [answers]: 'Every entry point answers' }
          : {},
    },
    async (on) => {
      if (!run.isNeeded) return
      const vars = on.hostvars(on.hosts[0] as string)
      const { name: stack, request } = readSubject(vars)
      const convergence = await watchConverged(on, stack)
      on.finding(converged, convergence.verdict)
      if (!convergence.verdict.holds) return
      const known = request === undefined ? [] : readModel(request, vars).services
      const services = await on.exhibit({ title: 'Services of the stack', command: servicesCommand(stack) })
      const nodes = await on.exhibit({ title: 'Nodes of the Swarm', command: nodesCommand })
      const model = modelOfServices(stack, services.stdout, known)
      requireServices(model, run.named)
      const targets = await targetsOf(on, stack, model)
      const entryPoints = await recognised(model.entryPoints, targets)
      const watched: EntryTarget[] = targets.map((target) => ({
        ...target,
        entryPoint: entryPoints.get(target.entryPoint) ?? target.entryPoint,
      }))
      const session: Session = {
        stack,
        model: { ...model, entryPoints: [...new Set(watched.map(({ entryPoint }) => entryPoint))] },
        nodes: parseNodeAttributes(nodes.stdout),
        targets: watched,
        unsupported: await unsupportedKinds(on, kinds),
      }
      const record = on.record({
        title: 'What is watched',
        command: 'derived from the services',
        stdout: modelTables({ ...model, entryPoints: [...entryPoints.values()] }),
        durationMs: 0,
      })
      for (const line of modelLines(session.model)) on.log(line)
      for (const [kind, reason] of Object.entries(session.unsupported))
        on.log(say('not tried: {kind}: {reason}', { kind, reason }))
      const current = await currentTargets(on, session)
      const failing = await awaitAnswers(on, current)
      on.finding(answers, {
        holds: failing.length === 0,
        evidence: [record],
        detail:
          failing.length === 0
            ? say('{n|address|addresses} answer', { n: current.length })
            : say('{failing}. If the probe is wrong, set x-labbook (docs/prove.md)', {
                failing: failing.slice(0, 4).join('; '),
              }),
      })
      if (failing.length === 0) run.begin(session)
    },
  )
}

async function watchConverged(on: LabContext, stack: string) {
  let state: StackState = { services: [], tasks: [] }
  let before: ReadonlySet<string> | undefined
  const { seconds, exhibit } = await on.watch({
    title: say('State of stack {stack}', { stack }),
    waitingFor: `stack ${stack} to converge`,
    command: stateCommand(stack),
    within: CONVERGE_SECONDS,
    until: ({ stdout, exitCode }) => {
      if (exitCode !== 0) return false
      state = readState(stdout)
      before ??= new Set(state.tasks.filter(({ desired }) => desired === 'shutdown').map(({ id }) => id))
      return state.services.length === 0 || isSteady(state) || hasFailed(state, before)
    },
  })
  const { services } = state
  const reached = isSteady(state)
  return {
    verdict: {
      holds: reached,
      evidence: [exhibit],
      detail: reached
        ? say('{n|service|services} run after {seconds} s', { n: services.length, seconds: seconds.toFixed(0) })
        : services.length === 0
          ? say('stack "{stack}" has no services: deploy it with -e file=compose.yaml, or correct its name', { stack })
          : joinTexts(unconvergedServices(state).map(describeFailure), '; '),
    },
  }
}

/** Whether it cannot converge. The result of an earlier update does not count: this may be a running stack. */
const hasFailed = ({ services, tasks }: StackState, before: ReadonlySet<string>): boolean =>
  judge({ services: services.map((service) => ({ ...service, update: '' })), tasks }, before).kind === 'failed'

/** The addresses of all entry points. Without IPVS, ports of the routing mesh do not answer. */
async function targetsOf(on: LabContext, stack: string, model: StackModel): Promise<EntryTarget[]> {
  const nodes = on.groups.swarm ?? []
  const targets: EntryTarget[] = []
  const hasMesh = (await on.exec({ command: HAS_IPVS })).exitCode === 0
  for (const entryPoint of model.entryPoints) {
    if (entryPoint.mode === 'ingress') {
      if (hasMesh) targets.push(...targetsOfEntryPoint(on, entryPoint, nodes))
      else
        on.log(
          say('port {port} of {service} is not watched: the kernel has no IPVS, so the routing mesh does not work', {
            port: entryPoint.port,
            service: entryPoint.service,
          }),
          'warning',
        )
      continue
    }
    const running = (await serviceTasks(on, fullName({ stack }, entryPoint.service))).filter(isRunning)
    const isThere = (node: string): boolean => running.some((task) => task.node === node)
    // Tasks move. Those that run now are first, as they are tried for HTTP.
    const order = [...nodes.filter(isThere), ...nodes.filter((node) => !isThere(node))]
    targets.push(...targetsOfEntryPoint(on, entryPoint, order))
  }
  return targets
}

/** Entry points whose guess HTTP is wrong are probed by a TCP connection. */
async function recognised(
  entryPoints: readonly EntryPoint[],
  targets: readonly EntryTarget[],
): Promise<Map<EntryPoint, EntryPoint>> {
  const all = new Map<EntryPoint, EntryPoint>()
  for (const entryPoint of entryPoints) {
    const target = targets.find((each) => each.entryPoint === entryPoint)
    const [probe] = entryPoint.probes
    const isTcp =
      entryPoint.reason.id === 'guess' &&
      target !== undefined &&
      probe !== undefined &&
      (await isNotHttp(target, probe))
    all.set(
      entryPoint,
      isTcp ? { ...entryPoint, probes: [{ kind: 'tcp' }], reason: say('answer is not HTTP') } : entryPoint,
    )
  }
  return all
}

/** @returns the probes that still fail. */
async function awaitAnswers(on: LabContext, targets: readonly EntryTarget[]): Promise<readonly string[]> {
  const deadline = Date.now() + ANSWER_SECONDS * 1000 * on.timeoutMultiplier
  for (;;) {
    const failing = await failingProbes(targets)
    if (failing.length === 0 || Date.now() > deadline) return failing
    await on.pause(1, 'the entry points to answer')
  }
}
