import { copy, debug, disturbAll, type Disturbs, file, play, type Play, type PlayContext, toText } from 'labbook'
import { packagesOfNode } from '../docker/packages.ts'
import { type Lab, labOf, providerFile, providerOf } from 'labbook/lab'
import { labOptions } from './options.ts'

/** The lab of the inventory, with the ports that this project publishes. Undefined if there is none. */
export const projectLab = (on: Pick<PlayContext, 'groups' | 'hostvars'>): Lab | undefined => labOf(on, labOptions)

/** Creates the lab or repairs an incomplete one; leaves a healthy one unchanged. */
export const labUp: readonly Play[] = [
  play('Create lab', { hosts: 'localhost', tags: 'lab', any_errors_fatal: true }, (on) => {
    const lab = projectLab(on)
    if (lab === undefined) return []
    const reason = on.hostvars(lab.nodes[0]?.name ?? '').lab_chosen
    const saved = providerFile(lab.name)
    return [
      // Saves an automatic choice for the next playbooks; a choice in the inventory needs no saving.
      reason === undefined
        ? []
        : [
            debug('Show lab provider', { msg: `${lab.provider}: ${toText(reason)}` }),
            file('Create directory for the choice', {
              path: saved.slice(0, saved.lastIndexOf('/')),
              state: 'directory',
              mode: '0755',
            }),
            copy('Save chosen lab provider', {
              dest: saved,
              content: `${lab.provider}\n${toText(reason)}\n`,
              mode: '0644',
            }),
          ],
      [...providerOf(lab).up(lab, { download: packagesOfNode(on.hostvars(lab.nodes[0]?.name ?? '')) })],
    ]
  }),
]

const removesNodes: Disturbs = (on) =>
  disturbAll(
    (projectLab(on)?.nodes ?? []).map(({ name }) => name),
    'is removed, with all its data',
  )

/**
 * Removes the lab and everything it created on this machine, except caches for the next lab (root file system, image).
 */
export const labDown: readonly Play[] = [
  play('Remove lab', { hosts: 'localhost', tags: 'lab', disturbs: removesNodes }, (on) => {
    const lab = projectLab(on)
    if (lab === undefined) return []
    return [
      ...providerOf(lab).down(lab),
      file('Remove saved lab provider', { path: providerFile(lab.name), state: 'absent' }),
    ]
  }),
]
