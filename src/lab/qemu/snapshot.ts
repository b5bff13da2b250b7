import { z } from 'zod'
import { defineModule } from '../../modules/task.ts'
import { raw, sh } from '../../shell/quote.ts'
import { folder, pairs } from '../names.ts'
import { hardwareOf, removeSnapshot, resumeSnapshot, saveSnapshot } from './scripts/snapshot.ts'
import { processFunctions } from './scripts/vm.ts'
import { vmSchema, vmSetting } from './vm.ts'

const schema = z.strictObject({
  dir: folder.describe('The folder of the lab'),
  name: z
    .string()
    .regex(
      /^[A-Za-z][A-Za-z0-9_.-]{0,39}$/,
      'a snapshot is named by a letter and up to 39 more letters, digits, dots, hyphens and underscores',
    ),
  vms: z.array(vmSchema).min(1).describe('All machines of the lab, as lab_vm is told of them'),
  state: z
    .enum(['present', 'resumed', 'absent'])
    .default('present')
    .describe('resumed: the lab is as it was when the snapshot was made'),
})

/** A snapshot of the whole lab: memory and disks of all its machines, kept within their disks. */
export const lab_vm_snapshot = defineModule({
  name: 'lab_vm_snapshot',
  schema,
  title: ({ name, state }) => `${name} ${state}`,
  probe: ({ dir, name, vms, state }) =>
    `${processFunctions}${sh`
[ ! -e ${`${dir}/snapshots/${name}`} ] || { echo there; sed -n '2s/^/with /p; 3s/^/hardware /p' ${`${dir}/snapshots/${name}`}; }
read -r accel why <${`${dir}/acceleration`} 2>/dev/null && printf 'accel %s\n' "$accel"
${raw(state === 'present' ? sh`for node in ${vms.map((vm) => vm.name)}; do [ -n "$(lab_vm_pid ${dir} "$node")" ] || printf 'down %s\n' "$node"; done` : ':')}
ls ${`${dir}/snapshots`} 2>/dev/null | sed 's/^/known /'
true`}`,
  plan: ({ dir, name, vms, state }, { stdout }) => {
    const all = pairs(stdout)
    const seen = new Map(all)
    const machines = vms.map(vmSetting)
    const known = all.filter(([key]) => key === 'known').map(([, each]) => each)
    if (state === 'absent')
      return {
        changes: seen.has('there')
          ? [{ description: `delete the snapshot ${name}`, script: removeSnapshot(machines, dir, name) }]
          : [],
      }
    if (state === 'present') {
      if (seen.has('there')) return { changes: [] }
      const down = all.filter(([key]) => key === 'down').map(([, node]) => node)
      if (down.length > 0)
        return {
          changes: [],
          problem: `${down.join(', ')} ${down.length === 1 ? 'does' : 'do'} not run, so the lab cannot be kept: \`lab.mjs up\` first`,
        }
      return {
        changes: [
          {
            description: `keep memory and disks of ${machines.map((vm) => vm.name).join(', ')} as ${name}`,
            script: saveSnapshot(machines, dir, name),
          },
        ],
      }
    }
    if (!seen.has('there'))
      return {
        changes: [],
        problem: `there is no snapshot ${name}; ${known.length === 0 ? 'there is none at all' : `there are ${known.join(', ')}`}`,
      }
    if (seen.get('hardware') !== hardwareOf(machines)) {
      return {
        changes: [],
        problem: `${name} was made of other machines (${seen.get('hardware') ?? ''}) than the inventory has now (${hardwareOf(machines)}): set the inventory back, or delete it`,
      }
    }
    if (seen.get('with') !== seen.get('accel')) {
      return {
        changes: [],
        problem: `${name} was made with ${seen.get('with') ?? ''}, and machines run with ${seen.get('accel') ?? 'nothing'} now: set lab_acceleration to ${seen.get('with') ?? ''}, or delete it`,
      }
    }
    return {
      changes: [
        {
          description: `bring ${machines.map((vm) => vm.name).join(', ')} back to ${name}`,
          script: resumeSnapshot(machines, dir, name),
        },
      ],
    }
  },
  // Brought back, there is nothing left to see of it.
  result: (_params, applied) => {
    const failed = applied.find(({ exitCode }) => exitCode !== 0)
    return {
      values: {},
      ...(failed === undefined ? {} : { failed: failed.stderr.trim() || 'a machine did not do as it was told' }),
    }
  },
  timeLimitSeconds: () => 600,
})
