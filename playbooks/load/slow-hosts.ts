import { say, type LabContext } from '../messages/say.ts'
import { loadSettings } from './settings.ts'

/**
 * Whether the machines are too slow for meaningful load tests; if so, marks each finding as inconclusive. Under full
 * CPU load, emulated nodes miss the fixed timeouts of Swarm's gossip, and the routing mesh loses replicas.
 */
export async function skipIfTooSlow(
  on: Pick<LabContext, 'timeoutMultiplier' | 'hosts' | 'hostvars' | 'exhibit' | 'inconclusive' | 'log'>,
): Promise<boolean> {
  const { maxTimeoutMultiplier: mostSlowdown } = loadSettings(on.hostvars(on.hosts[0] as string))
  if (on.timeoutMultiplier <= mostSlowdown) return false
  const exhibit = await on.exhibit({
    title: 'Hardware of the first node',
    command: 'systemd-detect-virt; grep -m 1 "model name" /proc/cpuinfo',
  })
  const reason = say(
    'the machines have timeout multiplier {multiplier}: results would not apply to others, and load may partition the cluster (set load_most_slowdown: {multiplier} to run anyway)',
    { multiplier: on.timeoutMultiplier },
  )
  on.inconclusive(reason, [exhibit])
  on.log(reason)
  return true
}
