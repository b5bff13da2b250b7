import { type CommandValues, disturbAll, play, register, registry_gc, shell } from 'labbook'
import { IMAGE_NAMES, tagOf } from '../app/images/table.ts'
import { registryAddress, registryHost } from './address.ts'
import { REGISTRY_CONFIG, CONTAINER, storageOf } from './registry.ts'

const inUse = register<CommandValues>('images_in_use')

/** The image of every service, and the image of its rollback. */
const USED = `ids=$(docker service ls -q) && { [ -z "$ids" ] || docker service inspect $ids --format \
'{{.Spec.TaskTemplate.ContainerSpec.Image}}{{println}}{{with .PreviousSpec}}{{.TaskTemplate.ContainerSpec.Image}}{{end}}'; }`

/** Prunes images from the registry that no service uses and that are not current images of the project. */
export const gc = [
  play('Collect images in use', { hosts: 'swarm_managers[0]', become: true, tags: 'gc' }, () => [
    // Fails on a host that is not a manager: nothing may be pruned then.
    shell('List images of services', { cmd: USED, read_only: true, register: inUse }),
  ]),
  play(
    'Prune unused images',
    {
      hosts: 'registry[0]',
      become: true,
      tags: 'gc',
      disturbs: ({ hosts }) => disturbAll(hosts, 'unused images are deleted from the registry'),
    },
    (on) => {
      const manager = on.groups.swarm_managers?.[0] ?? registryHost(on)
      const current = IMAGE_NAMES.flatMap((name) =>
        (['hub', 'debian'] as const).map((source) => `labbook/${name}:${tagOf(name, source)}`),
      )
      return [
        registry_gc('Delete unused images', {
          registry: registryAddress(on),
          container: CONTAINER,
          config: REGISTRY_CONFIG,
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

/** `node1:5000/labbook/redis:1@sha256:...` as references in the registry: digest and tag. */
function references(image: string, address: string): string[] {
  const [name = '', digest] = image.trim().split('@')
  return [
    ...(digest === undefined ? [] : [digest]),
    ...(name.startsWith(`${address}/`) ? [name.slice(address.length + 1)] : []),
  ]
}
