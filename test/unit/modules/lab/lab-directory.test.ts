import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import t, { type Test } from 'tap'
import type { z } from 'zod'
import { lab_keys } from '../../../../src/modules/lab/keys.ts'
import { lab_network } from '../../../../src/modules/lab/network.ts'
import { lab_vm_switch } from '../../../../src/modules/lab/qemu/switch.ts'
import type { ModuleCall } from '../../../../src/modules/task.ts'
import { converge, runIn, shells, type Shell } from '../../../support/shells.ts'
import { network } from './planned.ts'

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

for (const shell of shells) {
  await t.test(`${shell.name}: lab modules neither use nor remove a directory with other files`, async (t) => {
    const home = shortDirectory(t)
    writeFileSync(`${home}/thesis`, 'years of work')
    const ssh = `${home}/.ssh`
    t.match(runIn(shell, `mkdir ${ssh} && ssh-keygen -q -t ed25519 -N '' -C me@home -f ${ssh}/id_ed25519`), {
      exitCode: 0,
    })
    for (const dir of [home, ssh]) {
      t.match(problemOf(shell, lab_keys, { dir }), /holds files of no lab.*set lab_dir/, `lab_keys in ${dir}`)
      t.match(problemOf(shell, lab_vm_switch, { dir, state: 'absent' }), /files of no lab/, `lab_vm_switch in ${dir}`)
      t.match(
        problemOf(shell, lab_network, { ...network, dir, state: 'absent', purge: true }),
        /files of no lab/,
        `lab_network in ${dir}`,
      )
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
}
