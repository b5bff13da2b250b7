import t from 'tap'
import { unsupportedKinds } from '../../../../playbooks/prove/unsupported.ts'

type On = Parameters<typeof unsupportedKinds>[0]

/** Two workers and a manager whose commands print this. */
const cluster = (print: (host: string, command: string) => string): On =>
  ({
    groups: { swarm: ['node1', 'node2', 'node3'], swarm_workers: ['node2', 'node3'] },
    exec: async ({ host, command }: { host: string; command: string }) => {
      const stdout = print(host, command)
      return { stdout, exitCode: stdout.startsWith('cannot') ? 1 : 0 }
    },
  }) as unknown as On

const NTP = 'NTP=yes\nNTPSynchronized=yes\n'
const clock = async (kernels: Readonly<Record<string, string>>, ntp = 'NTP=no\n'): Promise<string | undefined> => {
  const on = cluster((host, command) =>
    command.startsWith('timedatectl') ? ntp : (kernels[host] ?? `boot-${host}\nnone\n`),
  )
  return (await unsupportedKinds(on, ['clock-step']))['clock-step']
}

t.test('the clock of a node is not changed if another machine has the same', async (t) => {
  t.equal(await clock({}), undefined)
  t.match(await clock({ node3: 'boot-controller\nnone\n' }), /^node3 shares the kernel, .* with this machine/)
  t.match(await clock({ node3: 'boot-node2\nnone\n' }), /^node3 shares the kernel, .* with node2/)
  t.match(
    await clock({ node2: 'boot-x\nsystemd-nspawn\n' }),
    /^node2 shares the kernel, .* with the host of the container/,
  )
  t.match(await clock({ node2: '' }), /^the boot ID of node2 cannot be read/)
  t.equal(await clock({ controller: 'boot-x\ndocker\n' }), undefined, 'Labbook itself may run in a container')
  t.match(await clock({}, NTP), /^NTP sets the clock of node3 right/)
})

t.test('a kernel without netem is named', async (t) => {
  const on = (stdout: string): On => cluster(() => stdout)
  t.same(await unsupportedKinds(on('cannot find netem\n'), ['slow-network']), {
    'slow-network': 'the kernel has no netem (cannot find netem)',
  })
  t.same(await unsupportedKinds(on(''), ['slow-network', 'kill']), {})
})
