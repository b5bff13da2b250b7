import * as z from 'zod'
import { defineModule } from '../task.ts'
import { setNewDirectory, setTree, treeAt } from '../support/effects.ts'
import { raw, sh } from '../../shell/quote.ts'
import { labDirectory, parseFacts } from './names.ts'
import {
  basePackages,
  buildRootfs,
  configureRootfs,
  rootfsRecipe,
  sourceFunctions,
  type RootfsContents,
} from './scripts/rootfs.ts'

const schema = z.strictObject({
  path: labDirectory.describe('Directory of root file systems; `current` links to the newest'),
  release: z
    .string()
    .regex(/^[a-z]+$/)
    .optional()
    .describe('Debian release, such as trixie. Default: that of this machine'),
  packages: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/))
    .default([])
    .describe('Additional Debian packages'),
  download: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/))
    .default([])
    .describe('Debian packages to download into the apt cache of the root file system'),
  state: z.enum(['present', 'absent']).default('present'),
})

/**
 * The Debian root file system that the lab's nodes share, built with mmdebstrap from this machine's package sources.
 * Each recipe (packages, sources, settings) has its own root, because a node keeps the one it was created with.
 */
export const lab_rootfs = defineModule({
  name: 'lab_rootfs',
  schema,
  // The recipe includes the package sources and apt settings.
  reads: ({ path }) => [...treeAt(path), '/etc/apt/', '/etc/os-release'],
  sets: ({ path }) => [...setNewDirectory(path), ...setTree(path)],
  title: ({ path }) => path,
  probe: ({ path, state, ...contents }) =>
    state === 'absent'
      ? sh`[ ! -e ${path} ] || echo there`
      : sh`
${raw(sourceFunctions)}
for command in mmdebstrap apt-get unshare flock sha256sum; do
  command -v "$command" >/dev/null || printf 'missing %s\n' "$command"
done
# Cache the list: apt needs a second for it.
lab_found=$(lab_sources)
lab_sources() { [ -z "$lab_found" ] || printf '%s\n' "$lab_found"; }
printf 'sources %s\n' "$(lab_sources | wc -l)"
lab_wanted=$(${raw(rootfsRecipe(all(contents)))})
printf 'wanted %s\n' "$lab_wanted"
[ ! -d ${path}/"$lab_wanted" ] || echo built
printf 'current %s\n' "$(readlink ${path}/current)"
# -L, not -e: the absolute link would resolve on this machine.
[ ! -L ${path}/current/sbin/init ] || echo complete`,
  plan: ({ path, state, ...contents }, { stdout }) => {
    const facts = parseFacts(stdout)
    const fact = new Map(facts)
    if (state === 'absent') {
      return fact.has('there')
        ? { changes: [{ description: `remove ${path}`, script: removeRoots(path) }] }
        : { changes: [] }
    }
    const missing = facts.filter(([key]) => key === 'missing').map(([, command]) => command)
    if (missing.length > 0)
      return {
        changes: [],
        problem: `missing ${missing.join(', ')}: install the packages mmdebstrap and util-linux`,
      }
    if (Number(fact.get('sources')) === 0) {
      return {
        changes: [],
        problem:
          'apt has no Debian or Ubuntu archive on this machine: add one to /etc/apt/sources.list and run `apt-get update`',
      }
    }
    const wanted = fact.get('wanted') as string
    if (fact.get('current') === wanted && fact.has('complete'))
      return { changes: [], values: { path: `${path}/${wanted}` } }
    const script = `${sourceFunctions}${configureRootfs}${buildRootfs(path, all(contents), wanted)}`
    const release = contents.release === undefined ? '' : `${contents.release} `
    const description = fact.has('built')
      ? `link ${path}/current to the Debian ${release}root file system ${wanted}`
      : `build a Debian ${release}root file system with ${all(contents).packages.join(', ')} in ${path}`
    return { changes: [{ description, script }] }
  },
  timeLimitSeconds: () => 1200,
})

const all = ({ release, packages, download }: RootfsContents): RootfsContents => ({
  release,
  packages: [...new Set([...basePackages, ...packages])],
  download,
})

/** Waits for a running build. Refuses if something is mounted inside, so that only root file systems are removed. */
const removeRoots = (path: string): string => sh`
path=${path}
exec 9>"$path/.lock" || exit
flock -w 900 9 || { echo "a build of $path is still running after 15 minutes" >&2; exit 1; }
if awk -v below="$path/" 'index($2, below) == 1 { found = 1 } END { exit !found }' /proc/mounts; then
  echo "something is mounted below $path" >&2; exit 1
fi
rm -rf "$path"`
