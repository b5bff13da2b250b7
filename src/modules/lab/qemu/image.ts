import * as z from 'zod'
import { defineModule } from '../../task.ts'
import { setNewDirectory, setTree, treeAt } from '../../support/effects.ts'
import { sh } from '../../../shell/quote.ts'
import { labDirectory, parseFacts } from '../names.ts'
import { buildImage, imagePackages, imageRecipe } from './scripts/image.ts'

const schema = z.strictObject({
  path: labDirectory.describe('Directory of images; `current` links to the newest'),
  packages: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/))
    .default([])
    .describe('Additional Debian packages'),
  release: z
    .string()
    .regex(/^[a-z]+$/)
    .optional()
    .describe('Debian release, such as trixie. Default: that of this machine'),
  state: z.enum(['present', 'absent']).default('present'),
})

/** What {@link lab_vm_image} registers. */
export interface LabVmImage {
  /** Directory with `disk.raw`, `vmlinuz` and `initrd`. */
  readonly path: string
}

/**
 * The backing disk of the lab's virtual machines, built with mmdebstrap from this machine's package sources, with its
 * kernel and initrd. Each recipe (release, packages, sources, settings) has its own image. Needs no root.
 */
export const lab_vm_image = defineModule({
  name: 'lab_vm_image',
  schema,
  reads: ({ path }) => [...treeAt(path), '/etc/apt/', '/etc/os-release'],
  sets: ({ path }) => [...setNewDirectory(path), ...setTree(path)],
  title: ({ path }) => path,
  probe: ({ path, packages, release, state }) =>
    state === 'absent'
      ? sh`[ ! -e ${path} ] || echo there`
      : `${imageRecipe(imagePackages(packages), release)}${sh`
for command in mmdebstrap apt-get mke2fs cpio flock sha256sum; do
  PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null || printf 'missing %s\n' "$command"
done
[ "$(id -u)" = 0 ] || unshare --user --map-root-user --map-auto true 2>/dev/null || echo no-namespace
printf 'sources %s\n' "$(lab_vm_sources | wc -l)"
printf 'release %s\n' "$release"
wanted=$(lab_image_recipe)
printf 'wanted %s\n' "$wanted"
printf 'current %s\n' "$(readlink ${path}/current)"
[ ! -s ${path}/"$wanted"/disk.raw ] || [ ! -s ${path}/"$wanted"/initrd ] || [ ! -s ${path}/"$wanted"/vmlinuz ] || echo complete`}`,
  plan: ({ path, packages, release, state }, { stdout }) => {
    const facts = parseFacts(stdout)
    const fact = new Map(facts)
    if (state === 'absent') {
      return fact.has('there')
        ? { changes: [{ description: `remove ${path}`, script: sh`rm -rf ${path}` }] }
        : { changes: [] }
    }
    const missing = facts.filter(([key]) => key === 'missing').map(([, command]) => command)
    const alternative = 'or set lab_image to a cloud image'
    if (missing.length > 0) {
      return {
        changes: [],
        problem: `missing ${missing.join(', ')}: install the packages mmdebstrap, e2fsprogs, cpio and util-linux, ${alternative}`,
      }
    }
    if (Number(fact.get('sources')) === 0) {
      return {
        changes: [],
        problem: `apt has no Debian or Ubuntu archive on this machine: add one to /etc/apt/sources.list and run \`apt-get update\`, ${alternative}`,
      }
    }
    if (fact.has('no-namespace')) {
      return {
        changes: [],
        problem: `building an image without root needs user namespaces: install the package uidmap, and add a range for this user to /etc/subuid and /etc/subgid; ${alternative}`,
      }
    }
    const wanted = fact.get('wanted') as string
    if (fact.get('current') === wanted && fact.has('complete'))
      return { changes: [], values: { path: `${path}/${wanted}` } satisfies LabVmImage }
    const what = packages.length > 0 ? ` with ${packages.join(', ')}` : ''
    // Another lab may have switched `current` since.
    const verb = fact.has('complete') ? 'switch to the' : 'build an'
    const description = `${verb} image of Debian ${fact.get('release') ?? ''}${what}, in ${path}`
    return { changes: [{ description, script: buildImage(path, imagePackages(packages), release, wanted) }] }
  },
  timeLimitSeconds: () => 1800,
})
