import { onHosts, play, register, registry_gc, shell, type CommandValues } from '../../src/labbook.ts'
import { IMAGE_NAMES, tagOf } from '../images/table.ts'
import { registryAddress, registryHost } from './address.ts'
import { CONFIG_FILE, CONTAINER, storageOf } from './registry.ts'

const inUse = register<CommandValues>('images_in_use')

/** The image of every service, and the one it would be rolled back to. */
const USED = `ids=$(docker service ls -q) && { [ -z "$ids" ] || docker service inspect $ids --format \
'{{.Spec.TaskTemplate.ContainerSpec.Image}}{{println}}{{with .PreviousSpec}}{{.TaskTemplate.ContainerSpec.Image}}{{end}}'; }`

/** Deletes from the registry what no service uses and what is not of the project as it is now. */
export const gc = [
  play('Images in use', { hosts: 'swarm_managers[0]', become: true, tags: 'gc' }, () => [
    // A host that is no manager cannot tell what is in use, and then nothing may go.
    shell('Images that services use', { cmd: USED, read_only: true, register: inUse }),
  ]),
  play(
    'Registry: what nobody uses goes',
    {
      hosts: 'registry[0]',
      become: true,
      tags: 'gc',
      disturbs: ({ hosts }) => onHosts(hosts, 'images that no service uses are deleted from the registry'),
    },
    (on) => {
      const manager = on.groups.swarm_managers?.[0] ?? registryHost(on)
      const current = IMAGE_NAMES.flatMap((name) =>
        (['hub', 'debian'] as const).map((source) => `labbook/${name}:${tagOf(name, source)}`),
      )
      return [
        registry_gc('Delete what nobody uses', {
          registry: registryAddress(on),
          container: CONTAINER,
          config: CONFIG_FILE,
          storage: storageOf(on),
          keep: inUse
            .on(manager)
            .map(({ stdout_lines }) => [
              ...current,
              ...stdout_lines.flatMap((image) => references(image, registryAddress(on))),
            ]),
        }),
      ]
    },
  ),
]

/** `node1:5000/labbook/redis:1@sha256:...` as the registry knows it: by its digest, and by its tag. */
function references(image: string, address: string): string[] {
  const [name = '', digest] = image.trim().split('@')
  return [
    ...(digest === undefined ? [] : [digest]),
    ...(name.startsWith(`${address}/`) ? [name.slice(address.length + 1)] : []),
  ]
}
