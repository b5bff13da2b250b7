import fc from 'fast-check'
import t from 'tap'
import { pickProvider, resolveProvider } from '../../../src/lab/provider-choice.ts'
import { labOf, type LabInventory } from '../../../src/lab/lab.ts'
import { labOptions } from '../../../playbooks/lab/options.ts'

const able = { missingForNamespaces: [], qemu: true }

const notProbed = (): never => {
  throw new Error('must not probe this machine')
}

const inventory = (vars: Record<string, Record<string, unknown>>): LabInventory => ({
  groups: { all: Object.keys(vars) },
  hostvars: (host) => vars[host] ?? {},
})

const common = {
  lab_provider: 'namespaces',
  ansible_ssh_private_key_file: '/var/lib/labbook/lab/id_ed25519',
  ansible_ssh_common_args: '-o BindAddress=10.77.0.1',
}

const three = inventory({
  node1: { ansible_host: '10.77.0.11', ...common },
  node2: { ansible_host: '10.77.0.12', ...common },
  node3: { ansible_host: '10.77.0.13', ...common },
})

t.test('pickProvider() prefers namespaces, then virtual machines, else lists what is missing', async (t) => {
  t.match(pickProvider(able), { provider: 'namespaces', reason: /fastest/ })
  t.match(pickProvider({ missingForNamespaces: ['root (run it with sudo)', 'Linux'], qemu: true }), {
    provider: 'qemu',
    reason: 'namespaces need root (run it with sudo), Linux; QEMU does not',
  })
  t.throws(
    () => pickProvider({ missingForNamespaces: ['root'], qemu: false }),
    /cannot create a lab on this machine: namespaces need root, and QEMU is not installed/,
  )
})

t.test('resolveProvider() keeps the provider of the inventory', async (t) => {
  const settled = resolveProvider(three, {}, notProbed)
  t.equal(settled?.choice.provider, 'namespaces')
  for (const [host, vars] of settled?.vars ?? []) t.match(vars, three.hostvars(host), `variables of ${host}`)
  t.equal(settled?.vars.get('node1')?.lab_chosen, undefined, 'no choice is recorded')
})

t.test('--provider qemu keeps the addresses between nodes and connects through loopback', async (t) => {
  const settled = resolveProvider(three, { requested: 'qemu' }, notProbed, labOptions)
  t.match(settled?.vars.get('node2'), {
    lab_provider: 'qemu',
    lab_address: '10.77.0.12',
    ansible_host: '127.0.0.1',
    ansible_port: 22_200,
    ansible_user: 'ops',
    ansible_ssh_private_key_file: /\/vm\/id_ed25519$/,
    ansible_ssh_common_args: /^-o UserKnownHostsFile=\/.*\/vm\/known_hosts -F none -o ConnectTimeout=60$/,
    lab_forwards: { 8080: 22_201, 8090: 22_202, 5000: 22_203 },
    lab_chosen: 'chosen with --provider',
  })
  const after = labOf({ ...three, hostvars: (host) => settled?.vars.get(host) ?? {} }, labOptions)
  t.strictSame(
    after?.nodes.map(({ address }) => address),
    ['10.77.0.11', '10.77.0.12', '10.77.0.13'],
    'unchanged when parsed again',
  )
})

t.test('a recorded provider is kept until the lab is removed', async (t) => {
  const remembered = { provider: 'qemu', reason: 'chosen with --provider' } as const
  t.equal(resolveProvider(three, { remembered }, notProbed)?.choice.provider, 'qemu')
  t.equal(resolveProvider(three, { remembered, requested: 'qemu' }, notProbed)?.choice.provider, 'qemu')
  t.equal(
    resolveProvider(three, { remembered, requested: 'auto' }, notProbed)?.choice.provider,
    'qemu',
    'auto keeps a provider that works',
  )
  t.throws(() => resolveProvider(three, { remembered, requested: 'namespaces' }, notProbed, labOptions), {
    name: 'LabError',
    message: /the lab runs on qemu .*remove it first with .*lab\.mjs down", then create it with namespaces/,
  })
})

t.test('an inventory needs only host names and lab_provider', async (t) => {
  const bare = inventory({ a: { lab_provider: 'auto' }, b: { lab_provider: 'auto' } })
  t.match(resolveProvider(bare, {}, () => able)?.vars.get('b'), {
    ansible_host: '10.77.0.12',
    ansible_ssh_common_args: /BindAddress=10\.77\.0\.1$/,
    ansible_user: 'ops',
  })
  t.match(resolveProvider(bare, {}, () => ({ missingForNamespaces: ['root'], qemu: true }))?.vars.get('b'), {
    lab_provider: 'qemu',
    lab_address: '10.77.0.12',
    ansible_port: 22_200,
  })
})

t.test('each error of the provider choice is one sentence', async (t) => {
  t.throws(() => resolveProvider(three, { requested: 'vagrant' }, notProbed), {
    message: 'unknown lab provider "vagrant": choose auto, namespaces or qemu',
  })
  t.throws(
    () => resolveProvider(inventory({ a: {} }), { requested: 'qemu' }, notProbed),
    /no host of the inventory has lab_provider/,
  )
  t.equal(resolveProvider(inventory({ a: {} }), {}, notProbed), undefined)
  const wrong = (vars: Record<string, unknown>) => () => labOf(inventory({ a: { lab_provider: 'qemu', ...vars } }))
  t.throws(wrong({ lab_acceleration: 'xen' }), /invalid lab_acceleration "xen": use auto, kvm, hvf or tcg/)
  t.throws(wrong({ lab_cpus: 0 }), /invalid lab_cpus "0": use an integer from 1 to 64/)
  t.throws(wrong({ lab_publish: [0] }), /invalid lab_publish "0": use an integer from 1 to 65535/)
  t.throws(
    () => labOf(inventory({ a: { lab_provider: 'qemu' }, b: { lab_provider: 'namespaces' } })),
    /a lab has one provider/,
  )
})

t.test('host ports are unique for any number of nodes and ports', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 30 }),
      (count, ports) => {
        const vars = { lab_provider: 'qemu', lab_publish: ports }
        const lab = labOf(inventory(Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, vars]))))
        const all = lab?.nodes.flatMap(({ ssh, forwards }) => [ssh.port, ...forwards.map(({ host }) => host)]) ?? []
        const addresses = new Set(lab?.nodes.map(({ address }) => address))
        return (
          new Set(all).size === all.length &&
          addresses.size === count &&
          all.every((port) => port > 1023 && port < 65_536)
        )
      },
    ),
  )
})
