import * as z from 'zod'
import { defineModule } from '../../task.ts'
import { raw, sh } from '../../../shell/quote.ts'
import { labDirectory, parseFacts } from '../names.ts'
import { hardwareOf, removeSnapshot, resumeSnapshot, saveSnapshot } from './scripts/snapshot.ts'
import { processFunctions } from './scripts/vm.ts'
import { vmSchema, vmSettings } from './vm.ts'

const schema = z.strictObject({
  dir: labDirectory.describe('Directory of the lab'),
  name: z
    .string()
    .regex(
      /^[A-Za-z][A-Za-z0-9_.-]{0,39}$/,
      'a snapshot name is a letter, then up to 39 letters, digits, dots, hyphens or underscores',
    ),
  vms: z.array(vmSchema).min(1).describe('All machines of the lab, with the parameters of lab_vm'),
  state: z
    .enum(['present', 'resumed', 'absent'])
    .default('present')
    .describe('resumed: restores the lab from the snapshot'),
})

/** A snapshot of the lab: memory and disks of all machines, stored in their disk images. */
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
    const all = parseFacts(stdout)
    const facts = new Map(all)
    const machines = vms.map(vmSettings)
    const existing = all.filter(([key]) => key === 'known').map(([, each]) => each)
    if (state === 'absent')
      return {
        changes: facts.has('there')
          ? [{ description: `delete snapshot ${name}`, script: removeSnapshot(machines, dir, name) }]
          : [],
      }
    if (state === 'present') {
      if (facts.has('there')) return { changes: [] }
      const down = all.filter(([key]) => key === 'down').map(([, node]) => node)
      if (down.length > 0)
        return {
          changes: [],
          problem: `${down.join(', ')} ${down.length === 1 ? 'does' : 'do'} not run: start the lab first`,
        }
      return {
        changes: [
          {
            description: `save memory and disks of ${machines.map((vm) => vm.name).join(', ')} as ${name}`,
            script: saveSnapshot(machines, dir, name),
          },
        ],
      }
    }
    if (!facts.has('there'))
      return {
        changes: [],
        problem: `no snapshot "${name}"; ${existing.length === 0 ? 'there are none' : `available: ${existing.join(', ')}`}`,
      }
    if (facts.get('hardware') !== hardwareOf(machines)) {
      return {
        changes: [],
        problem: `snapshot "${name}" has other machines (${facts.get('hardware') ?? ''}) than the inventory (${hardwareOf(machines)}): restore the inventory, or delete the snapshot`,
      }
    }
    if (facts.get('with') !== facts.get('accel')) {
      return {
        changes: [],
        problem: `snapshot "${name}" was created with ${facts.get('with') ?? ''}, the machines now use ${facts.get('accel') ?? 'no accelerator'}: set lab_acceleration to ${facts.get('with') ?? ''}, or delete the snapshot`,
      }
    }
    return {
      changes: [
        {
          description: `restore ${machines.map((vm) => vm.name).join(', ')} from ${name}`,
          script: resumeSnapshot(machines, dir, name),
        },
      ],
    }
  },
  // A restore leaves no state to probe.
  result: (_params, applied) => {
    const failed = applied.find(({ exitCode }) => exitCode !== 0)
    return {
      values: {},
      ...(failed === undefined ? {} : { failed: failed.stderr.trim() || 'a machine rejected a command' }),
    }
  },
  timeLimitSeconds: () => 600,
})
