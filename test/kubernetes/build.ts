import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

/* Builds Kubernetes from its Go module, once, into a cache outside the repository. */

export const KUBERNETES = 'v1.35.4'
const MODULE = 'k8s.io/kubernetes'
const PROGRAMS = ['kubectl', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const
export type Program = (typeof PROGRAMS)[number]

const CACHE = path.join(
  process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
  'labbook/kubernetes',
  `${KUBERNETES}-${process.arch}`,
)

/** Builds what is missing, which takes 15 minutes of a processor the first time. @returns the paths of the programs. */
export function kubernetes(log: (line: string) => void): Readonly<Record<Program, string>> {
  const paths = Object.fromEntries(PROGRAMS.map((name) => [name, path.join(CACHE, name)])) as Record<Program, string>
  const missing = PROGRAMS.filter((name) => !existsSync(paths[name]))
  if (missing.length === 0) return paths
  const source = path.join(CACHE, 'source')
  mkdirSync(source, { recursive: true })
  const download = JSON.parse(go(source, 'mod', 'download', '-json', `${MODULE}@${KUBERNETES}`)) as Download
  writeFileSync(path.join(source, 'go.mod'), moduleFile(readFileSync(download.GoMod, 'utf8')))
  copyFileSync(path.join(download.Dir, 'go.sum'), path.join(source, 'go.sum'))
  for (const name of missing) {
    log(`building ${name} ${KUBERNETES}`)
    // Rename when complete: an interrupted build leaves no program.
    const draft = `${paths[name]}.new`
    go(
      source,
      'build',
      '-mod=mod',
      '-p',
      '1',
      '-trimpath',
      '-ldflags',
      LINKER_FLAGS,
      '-o',
      draft,
      `${MODULE}/cmd/${name}`,
    )
    renameSync(draft, paths[name])
  }
  return paths
}

interface Download {
  readonly GoMod: string
  readonly Dir: string
}

const [, MINOR = '', PATCH = ''] = KUBERNETES.split('.')
/** Without a version, kubectl and the API server would refuse each other. */
const LINKER_FLAGS = [
  '-s -w',
  ...[`gitVersion=${KUBERNETES}`, 'gitMajor=1', `gitMinor=${MINOR}`].map(
    (value) => `-X k8s.io/component-base/version.${value}`,
  ),
].join(' ')

/**
 * The dependencies of Kubernetes, for a module that requires it: there, the module replaces its libraries by
 * directories of its repository; here, by the releases that are made of them.
 */
export const moduleFile = (goMod: string): string =>
  `${goMod
    .replace(/^module .*$/m, 'module labbook.test/kubernetes')
    .replaceAll(/=> \.\/staging\/src\/(\S+)/g, `=> $1 v0.${MINOR}.${PATCH}`)}\nrequire ${MODULE} ${KUBERNETES}\n`

/** Runs Go at the lowest priority. @returns its output. @throws {Error} if it fails, with the end of its messages. */
function go(directory: string, ...args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync('nice', ['-n', '19', 'go', ...args], {
    cwd: directory,
    encoding: 'utf8',
    maxBuffer: 1e8,
    env: { ...process.env, CGO_ENABLED: '0' },
  })
  if (error !== undefined || status === 127) throw new Error('Go is missing: install Go 1.25 or newer')
  if (status !== 0) throw new Error(`go ${args[0]} failed: ${(stderr || stdout).trim().slice(-2000)}`)
  return stdout
}
