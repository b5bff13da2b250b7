import { z } from 'zod'
import { defineModule } from '../modules/task.ts'
import { setNewDirectory, setTree, treeAt } from '../modules/support/effects.ts'
import { raw, sh } from '../shell/quote.ts'
import { folder, pairs } from './names.ts'
import { basePackages, buildRoot, finishRoot, recipe, sourceFunctions, type RootContents } from './scripts/rootfs.ts'

const schema = z.strictObject({
  path: folder.describe('A folder for roots; `current` in it is the newest one'),
  packages: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/))
    .default([])
    .describe('Debian packages beside those a node needs'),
  download: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/))
    .default([])
    .describe('Debian packages that are fetched into the apt cache of the root: nodes install them without fetching'),
  state: z.enum(['present', 'absent']).default('present'),
})

/**
 * The Debian root that the lab's nodes share, made with mmdebstrap from the machine's own package sources. Each recipe
 * (packages, sources, settings) gives a root of its own, because a node keeps the one it began with.
 */
export const lab_rootfs = defineModule({
  name: 'lab_rootfs',
  schema,
  // Its recipe holds the machine's package sources, and how to reach them.
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
# apt takes a second to list them.
lab_found=$(lab_sources)
lab_sources() { [ -z "$lab_found" ] || printf '%s\n' "$lab_found"; }
printf 'sources %s\n' "$(lab_sources | wc -l)"
printf 'wanted %s\n' "$(${raw(recipe(all(contents)))})"
printf 'current %s\n' "$(readlink ${path}/current)"
# A link that leads out of the root: what it leads to is systemd in the root, and nothing or this machine's own from here.
[ ! -L ${path}/current/sbin/init ] || echo complete`,
  plan: ({ path, state, ...contents }, { stdout }) => {
    const seen = pairs(stdout)
    const fact = new Map(seen)
    if (state === 'absent') {
      return fact.has('there')
        ? { changes: [{ description: `remove ${path}`, script: removeRoots(path) }] }
        : { changes: [] }
    }
    const missing = seen.filter(([key]) => key === 'missing').map(([, command]) => command)
    if (missing.length > 0)
      return {
        changes: [],
        problem: `cannot build a root without ${missing.join(', ')}: install the packages mmdebstrap and util-linux`,
      }
    if (Number(fact.get('sources')) === 0) {
      return {
        changes: [],
        problem:
          'apt knows no Debian or Ubuntu archive on this machine: put one into /etc/apt/sources.list and run `apt-get update`',
      }
    }
    const wanted = fact.get('wanted') as string
    if (fact.get('current') === wanted && fact.has('complete'))
      return { changes: [], values: { path: `${path}/${wanted}` } }
    const script = `${sourceFunctions}${finishRoot}${buildRoot(path, all(contents), wanted)}`
    return {
      changes: [{ description: `build a Debian root with ${all(contents).packages.join(', ')} in ${path}`, script }],
    }
  },
  timeLimitSeconds: () => 1200,
})

const all = ({ packages, download }: RootContents): RootContents => ({
  packages: [...new Set([...basePackages, ...packages])],
  download,
})

/** Waits for a build that is at work; refuses while a mount is inside, so that nothing beyond the roots is removed. */
const removeRoots = (path: string): string => sh`
path=${path}
exec 9>"$path/.lock" || exit
flock -w 900 9 || { echo "a build of $path has not ended in 15 minutes" >&2; exit 1; }
if awk -v below="$path/" 'index($2, below) == 1 { found = 1 } END { exit !found }' /proc/mounts; then
  echo "something is mounted below $path" >&2; exit 1
fi
rm -rf "$path"`
