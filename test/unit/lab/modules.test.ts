import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import t, { type Test } from 'tap'
import type { z } from 'zod'
import { lab_keys } from '../../../src/lab/keys.ts'
import { lab_network } from '../../../src/lab/network.ts'
import { lab_port } from '../../../src/lab/port.ts'
import { lab_preflight } from '../../../src/lab/preflight.ts'
import { lab_vm_switch } from '../../../src/lab/qemu/switch.ts'
import { lab_rootfs } from '../../../src/lab/rootfs.ts'
import type { ModuleCall } from '../../../src/modules/task.ts'
import { converge, runIn, shells, type Shell } from '../../support/shells.ts'
import { descriptions, network, planFor } from './support.ts'

const rootfs = { path: '/srv/labs/rootfs' }
/** Sockets live below a lab's folder, so its path may not be as long as those of tap. */
function shortFolder(t: Test): string {
  const folder = mkdtempSync(`${tmpdir()}/labbook-unit-`)
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Why it does not go on, without going on where it would. */
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

await t.test('a root that was made from the same recipe is kept', async (t) => {
  t.strictSame(planFor(lab_rootfs, rootfs, built), { changes: [], values: { path: '/srv/labs/rootfs/abc' } })
})

await t.test('a missing, cut or outdated root is built', async (t) => {
  for (const seen of [
    'sources 3\nwanted abc\ncurrent \n',
    built.replace('complete\n', ''),
    built.replace('current abc', 'current old'),
  ]) {
    t.match(descriptions(planFor(lab_rootfs, rootfs, seen)), [
      /^build a Debian root with openssh-server, .* in \/srv\/labs\/rootfs$/,
    ])
  }
})

await t.test('a root that cannot be built says why', async (t) => {
  t.match(
    planFor(lab_rootfs, rootfs, 'missing mmdebstrap\nsources 3\n').problem,
    /without mmdebstrap: install the packages mmdebstrap/,
  )
  t.match(planFor(lab_rootfs, rootfs, 'sources 0\nwanted abc\n').problem, /apt knows no Debian or Ubuntu archive/)
})

await t.test('preflight names everything that is missing in one message, and the way without a lab', async (t) => {
  t.strictSame(planFor(lab_preflight, {}, 'system Linux\n').changes, [])
  t.equal(planFor(lab_preflight, {}, 'system Linux\n').problem, undefined)
  const { problem } = planFor(lab_preflight, {}, 'system Darwin\nlacks linux\nlacks root\n')
  t.match(problem, /missing: Linux; root \(run it with sudo\)\. Use machines of your own instead: .*inventory\.yaml/)
})

await t.test('a port that is as asked is left alone; one of no lab is named', async (t) => {
  const port = { lab: 'lbtest', name: 'node1' }
  t.strictSame(planFor(lab_port, { ...port, state: 'up' }, 'there\nup\n').changes, [])
  t.strictSame(descriptions(planFor(lab_port, { ...port, state: 'down' }, 'there\nup\n')), [
    'set the port of node1 down',
  ])
  t.strictSame(descriptions(planFor(lab_port, { ...port, state: 'up' }, 'there\n')), ['set the port of node1 up'])
  t.match(planFor(lab_port, { ...port, state: 'up' }, '').problem, /node1 has no port on the switch of lbtest/)
})

for (const shell of shells) {
  await t.test(`${shell.name}: the key is made once, and its public half mended`, async (t) => {
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

  await t.test(`${shell.name}: a key file that is cut short is made anew`, async (t) => {
    const dir = t.testdir({ id_ed25519: '-----BEGIN' })
    const { applied, after } = converge(shell, lab_keys, { dir })
    t.match(applied, [{ exitCode: 0 }])
    t.strictSame(after.changes, [])
  })

  await t.test(`${shell.name}: a folder that holds what is no lab's is neither taken nor removed`, async (t) => {
    const home = shortFolder(t)
    writeFileSync(`${home}/thesis`, 'years of work')
    const ssh = `${home}/.ssh`
    t.match(runIn(shell, `mkdir ${ssh} && ssh-keygen -q -t ed25519 -N '' -C me@home -f ${ssh}/id_ed25519`), {
      exitCode: 0,
    })
    for (const dir of [home, ssh]) {
      t.match(problemOf(shell, lab_keys, { dir }), /holds what is no lab's.*give lab_dir/)
      t.match(problemOf(shell, lab_vm_switch, { dir, state: 'absent' }), /no lab's/)
      t.match(problemOf(shell, lab_network, { ...network, dir, state: 'absent', purge: true }), /no lab's/)
    }
  })

  await t.test(
    `${shell.name}: a lab's own folder goes with all that is in it, also when its removal is taken up again`,
    async (t) => {
      const dir = `${shortFolder(t)}/lab`
      converge(shell, lab_keys, { dir })
      runIn(shell, `mkdir -p ${dir}/nodes/node1 && : >${dir}/nodes/node1/disk && rm ${dir}/id_ed25519`)
      t.match(converge(shell, lab_vm_switch, { dir, state: 'absent' }).applied, [{ exitCode: 0 }])
      t.notOk(existsSync(dir))
    },
  )

  await t.test(`${shell.name}: the preflight probe tells the system`, async (t) => {
    t.match(runIn(shell, lab_preflight.definition.probe({}, {})).stdout, /^system \w+\n/)
  })
}
