import type { ExperimentContext } from '../../src/labbook.ts'
import { loadSettings } from './settings.ts'

/**
 * Whether the machines are too slow for their capacity to say anything: then that is what each finding says. Emulated
 * nodes whose processors had no time left missed each other's gossip, whose limits nobody can set, and the routing mesh
 * had lost replicas afterwards.
 */
export async function tooSlow(
  on: Pick<ExperimentContext, 'slowdown' | 'hosts' | 'hostvars' | 'exhibit' | 'cannotTell' | 'notice'>,
): Promise<boolean> {
  const { mostSlowdown } = loadSettings(on.hostvars(on.hosts[0] as string))
  if (on.slowdown <= mostSlowdown) return false
  const exhibit = await on.exhibit({
    title: 'What the first node is',
    command: 'systemd-detect-virt; grep -m 1 "model name" /proc/cpuinfo',
  })
  const why = `the machines are ${on.slowdown} times slower than with processors of their own: what they can serve says nothing about others, and a load may part them (load_most_slowdown: ${on.slowdown} loads them all the same)`
  on.cannotTell(why, [exhibit])
  on.notice(why)
  return true
}
