import type { Exhibit } from 'labbook'
import { type LabContext, say } from '../messages/say.ts'
import type { SlowMachines } from './partition.ts'

/**
 * Percent of the last five minutes in which a task waited for a CPU. Experiments alone stay below it, as they wait most
 * of the time.
 */
const OVERLOADED = 90

/** The kernel's account of tasks that wait for a CPU (Linux 4.20, where it is enabled). */
const PRESSURE = 'cat /proc/pressure/cpu || true'

/**
 * Checks whether a host had no CPU to spare. Requests that time out then are no evidence about the experiment.
 *
 * @returns undefined also for hosts whose kernel does not count it.
 */
export async function overloadOf(
  on: Pick<LabContext, 'exhibit'>,
  hosts: readonly string[],
): Promise<SlowMachines | undefined> {
  const exhibits: Exhibit[] = []
  for (const host of hosts)
    exhibits.push(await on.exhibit({ title: say('CPU pressure on {host}', { host }), host, command: PRESSURE }))
  const overloaded = exhibits.filter(({ stdout }) => pressureOf(stdout) >= OVERLOADED)
  if (overloaded.length === 0) return undefined
  return {
    reason: say('tasks on {nodes} waited for a CPU {percent} % of the last five minutes: the machines are too busy', {
      nodes: overloaded.map(({ host }) => host).join(', '),
      percent: Math.round(Math.max(...overloaded.map(({ stdout }) => pressureOf(stdout)))),
    }),
    exhibits: overloaded,
  }
}

/** Percent; 0 if the kernel does not count it. */
const pressureOf = (pressure: string): number => Number(/^some .*\bavg300=([\d.]+)/m.exec(pressure)?.[1] ?? 0)
