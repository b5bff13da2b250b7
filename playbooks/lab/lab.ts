import { copy, debug, file, onHosts, play, type Disturbs, type Play } from '../../src/labbook.ts'
import { distroPackages } from '../docker/packages.ts'
import { labOf, rememberedIn } from '../../src/lab/lab.ts'
import { providerOf } from '../../src/lab/providers.ts'

export { labOf }

/** Makes the lab, mends a half-made one, and leaves a whole one alone. */
export const labUp: readonly Play[] = [
  play('Lab', { hosts: 'localhost', tags: 'lab', any_errors_fatal: true }, (on) => {
    const lab = labOf(on)
    if (lab === undefined) return []
    const why = on.hostvars(lab.nodes[0]?.name ?? '').lab_chosen
    const memory = rememberedIn(lab.name)
    return [
      // What the inventory says needs no remembering; what was chosen holds for the playbooks that follow as well.
      why === undefined
        ? []
        : [
            debug('What the lab is made of', { msg: `${lab.provider}: ${String(why)}` }),
            file('Folder of what was chosen', {
              path: memory.slice(0, memory.lastIndexOf('/')),
              state: 'directory',
              mode: '0755',
            }),
            copy('Remember what was chosen', {
              dest: memory,
              content: `${lab.provider}\n${String(why)}\n`,
              mode: '0644',
            }),
          ],
      [...providerOf(lab).up(lab, { download: distroPackages(on.hostvars(lab.nodes[0]?.name ?? '').docker_source) })],
    ]
  }),
]

const removesNodes: Disturbs = (on) =>
  onHosts(
    (labOf(on)?.nodes ?? []).map(({ name }) => name),
    'is removed, with all its data',
  )

/**
 * Takes the lab away, with all it made on this machine. What the next lab would make again (root file system, image) is
 * kept.
 */
export const labDown: readonly Play[] = [
  play('Lab down', { hosts: 'localhost', tags: 'lab', disturbs: removesNodes }, (on) => {
    const lab = labOf(on)
    if (lab === undefined) return []
    return [
      ...providerOf(lab).down(lab),
      file('Forget what was chosen', { path: rememberedIn(lab.name), state: 'absent' }),
    ]
  }),
]
