import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import t, { type Test } from 'tap'
import type { z } from 'zod'
import { lab_keys } from '../../../../src/modules/lab/keys.ts'
import { lab_network } from '../../../../src/modules/lab/network.ts'
import { lab_port } from '../../../../src/modules/lab/port.ts'
import { lab_preflight } from '../../../../src/modules/lab/preflight.ts'
import { lab_vm_switch } from '../../../../src/modules/lab/qemu/switch.ts'
import { lab_rootfs } from '../../../../src/modules/lab/rootfs.ts'
import type { ModuleCall } from '../../../../src/modules/task.ts'
import { converge, runIn, shells, type Shell } from '../../../support/shells.ts'
import { descriptions, network, planFor } from './planned.ts'

const rootfs = { path: '/srv/labs/rootfs' }
/** The path of a socket is limited, and tap's directories have long ones. */
function shortDirectory(t: Test): string {
  const dir = mkdtempSync(`${tmpdir()}/labbook-unit-`)
  t.teardown(() => rmSync(dir, { recursive: true }))
  return dir
}

/** The problem that a module reports; runs no change. */
function problemOf<S extends z.ZodType, V>(
  shell: Shell,
  module: ModuleCall<S, V>,
  params: z.input<S>,
): string | undefined {
  const { definition } = module
  const parsed = definition.schema.parse(params)
  const { changes, problem } = definition.plan(parsed, runIn(shell, definition.probe(parsed, {})), {}, {})
  return changes.length === 0 ? problem : `would ${changes.map(({ description }) => description).join(', ')}`
}

const built = 'sources 3\nwanted abc\ncurrent abc\ncomplete\n'

await t.test('lab_rootfs keeps a root with the same recipe', async (t) => {
  t.strictSame(planFor(lab_rootfs, rootfs, built), { changes: [], values: { path: '/srv/labs/rootfs/abc' } })
})

await t.test('lab_rootfs builds a missing, partial or outdated root', async (t) => {
  for (const facts of [
    'sources 3\nwanted abc\ncurrent \n',
    built.replace('complete\n', ''),
    built.replace('current abc', 'current old'),
  ]) {
    t.match(descriptions(planFor(lab_rootfs, rootfs, facts)), [
      /^build a Debian root file system with openssh-server, .* in \/srv\/labs\/rootfs$/,
    ])
  }
})

await t.test('lab_rootfs names what a build lacks', async (t) => {
  t.match(
    planFor(lab_rootfs, rootfs, 'missing mmdebstrap\nsources 3\n').problem,
    /missing mmdebstrap: install the packages mmdebstrap/,
  )
  t.match(planFor(lab_rootfs, rootfs, 'sources 0\nwanted abc\n').problem, /apt has no Debian or Ubuntu archive/)
})

await t.test('lab_preflight lists all missing requirements in one message, and the alternative', async (t) => {
  t.strictSame(planFor(lab_preflight, {}, 'system Linux\n').changes, [])
  t.equal(planFor(lab_preflight, {}, 'system Linux\n').problem, undefined)
  const { problem } = planFor(lab_preflight, {}, 'system Darwin\nlacks linux\nlacks root\n')
  t.match(problem, /missing: Linux; root \(run it with sudo\)\. Use your own machines instead: .*inventory\.yaml/)
})

await t.test('lab_port changes a port only if needed, and names a missing one', async (t) => {
  const port = { lab: 'lbtest', name: 'node1' }
  t.strictSame(planFor(lab_port, { ...port, state: 'up' }, 'there\nup\n').changes, [])
  t.strictSame(descriptions(planFor(lab_port, { ...port, state: 'down' }, 'there\nup\n')), [
    'set the port of node1 down',
  ])
  t.strictSame(descriptions(planFor(lab_port, { ...port, state: 'up' }, 'there\n')), ['set the port of node1 up'])
  t.match(planFor(lab_port, { ...port, state: 'up' }, '').problem, /"node1" has no port on the switch of "lbtest"/)
})

for (const shell of shells) {
  await t.test(`${shell.name}: lab_keys creates the key once, and restores its public key`, async (t) => {
    const dir = `${t.testdir()}/lab`
    const first = converge(shell, lab_keys, { dir })
    t.strictSame(descriptions(first.before), [`create the key ${dir}/id_ed25519`])
    t.strictSame(first.after.changes, [])
    const publicKey = readFileSync(`${dir}/id_ed25519.pub`, 'utf8').trim()
    t.equal(first.after.values?.public_key, publicKey)
    writeFileSync(`${dir}/id_ed25519.pub`, 'cut')
    const second = converge(shell, lab_keys, { dir })
    t.strictSame(descriptions(second.before), [`write ${dir}/id_ed25519.pub`])
    t.equal(second.after.values?.public_key, publicKey)
  })

  await t.test(`${shell.name}: lab_keys replaces a truncated key`, async (t) => {
    const dir = t.testdir({ id_ed25519: '-----BEGIN' })
    const { applied, after } = converge(shell, lab_keys, { dir })
    t.match(applied, [{ exitCode: 0 }])
    t.strictSame(after.changes, [])
  })

  await t.test(`${shell.name}: lab modules neither use nor remove a directory with other files`, async (t) => {
    const home = shortDirectory(t)
    writeFileSync(`${home}/thesis`, 'years of work')
    const ssh = `${home}/.ssh`
    t.match(runIn(shell, `mkdir ${ssh} && ssh-keygen -q -t ed25519 -N '' -C me@home -f ${ssh}/id_ed25519`), {
      exitCode: 0,
    })
    for (const dir of [home, ssh]) {
      t.match(problemOf(shell, lab_keys, { dir }), /holds files of no lab.*set lab_dir/)
      t.match(problemOf(shell, lab_vm_switch, { dir, state: 'absent' }), /files of no lab/)
      t.match(problemOf(shell, lab_network, { ...network, dir, state: 'absent', purge: true }), /files of no lab/)
    }
  })

  await t.test(
    `${shell.name}: lab_vm_switch removes the lab directory, also after an interrupted removal`,
    async (t) => {
      const dir = `${shortDirectory(t)}/lab`
      converge(shell, lab_keys, { dir })
      runIn(shell, `mkdir -p ${dir}/nodes/node1 && : >${dir}/nodes/node1/disk && rm ${dir}/id_ed25519`)
      t.match(converge(shell, lab_vm_switch, { dir, state: 'absent' }).applied, [{ exitCode: 0 }])
      t.notOk(existsSync(dir))
    },
  )

  await t.test(`${shell.name}: lab_preflight probe prints the system`, async (t) => {
    t.match(runIn(shell, lab_preflight.definition.probe({}, {})).stdout, /^system \w+\n/)
  })
}
