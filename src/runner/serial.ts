import type { Play } from '../playbook/play.ts'

/**
 * The hosts of a play in batches, with Ansible's meaning of `serial`: a number of hosts, a percentage of all hosts of
 * the play, or a list of both, whose last entry repeats; 0 means all. A batch has at least one host.
 * A percentage is computed as Ansible does: 29 % of 100 hosts are 28.
 */
export function serialBatches<H>(hosts: readonly H[], serial: Play['serial']): H[][] {
  const sizes = (typeof serial === 'object' ? serial : [serial ?? 0]).map((size) => hostCount(size, hosts.length))
  const batches: H[][] = []
  for (let start = 0; start < hosts.length; ) {
    const size = sizes[Math.min(batches.length, sizes.length - 1)] ?? hosts.length
    batches.push(hosts.slice(start, start + size))
    start += size
  }
  return batches
}

function hostCount(size: number | string, all: number): number {
  const count = typeof size === 'number' ? size : Math.floor((Number.parseFloat(size) / 100) * all)
  return size === 0 ? Math.max(1, all) : Math.max(1, count)
}
