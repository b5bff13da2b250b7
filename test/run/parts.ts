import { readdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export const ROOT = path.resolve(import.meta.dirname, '../..')

/**
 * Parts of one lane run one after the other, the lanes side by side. `compute` keeps the processors busy and runs at
 * the lowest priority; the others mostly wait and have time limits, those of the lab's nodes the shortest. `alone`:
 * when all other parts have ended.
 */
export type Lane = (typeof SIDE_BY_SIDE)[number] | 'alone'

export const SIDE_BY_SIDE = ['compute', 'ssh', 'redis', 'app', 'lab'] as const

export interface Part {
  readonly name: string
  /** What it covers, in a line. */
  readonly covers: string
  /** All Debian packages that it needs on a minimal Debian with Node and git. */
  readonly packages: readonly string[]
  readonly lane: Lane
  /**
   * How long it took when it was last measured: those of `npm test` in one such run, beside each other; the others
   * alone. On two idle cores.
   */
  readonly minutes: number
  /** Whether `npm test` and `npm run test:all` run it; the others run by name alone. */
  readonly runs: 'test' | 'all' | 'by name'
  /** A command that says how many passed, or test files, each of which is a program that prints TAP. */
  readonly work: { readonly command: readonly string[] } | Files
}

export interface Files {
  readonly files: () => readonly string[]
  readonly jobs: number
  /** A file that takes longer is ended, and has failed. */
  readonly timeoutSeconds: number
  /** Translate all files at once before they run, instead of each on its own. Worth it for many short ones. */
  readonly bundle?: boolean
}

const STORY = 'test/lab/site.test.ts'

/** The test files of a folder and the folders in it, but for some. */
export function testFiles(folder: string, but: readonly string[] = []): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => path.posix.join(folder, name))
    .filter((file) => !but.includes(file))
    .sort()
}

const oneByOne = (timeoutSeconds: number, files: () => readonly string[]): Files => ({ files, jobs: 1, timeoutSeconds })

/** What unit tests run scripts with: three shells, and the programs that the scripts under test call. */
const UNIT = ['busybox', 'cpio', 'curl', 'gpg', 'openssh-client', 'openssl', 'procps', 'python3', 'ruby', 'wget']
const SSH = ['fish', 'openssh-client', 'openssh-server', 'procps', 'sudo', 'systemd-sysv', 'tcsh']
const REDIS = ['busybox', 'procps', 'python3', 'redis-server']
/** The tests speak to the lab and look at what it leaves on this machine; what makes it, the playbook installs. */
const LAB = ['curl', 'iproute2', 'iptables', 'openssh-client', 'openssl', 'procps']
const VM = ['cpio', 'curl', 'mmdebstrap', 'openssh-client', 'procps', 'qemu-system-x86', 'qemu-utils', 'vde2']

/** In the order in which those of a lane run, and in which packages are installed: Chromium late, for it is large. */
export const PARTS: readonly Part[] = [
  {
    name: 'check',
    covers: 'types, lint, unused code',
    packages: [],
    lane: 'compute',
    minutes: 5,
    runs: 'test',
    work: { command: ['npm', 'run', '--silent', 'check'] },
  },
  {
    name: 'unit',
    covers: 'pure parts, and scripts in dash, bash and busybox ash',
    packages: UNIT,
    lane: 'compute',
    minutes: 6.5,
    runs: 'test',
    work: {
      files: () => testFiles('test/unit'),
      jobs: os.availableParallelism() + 1,
      timeoutSeconds: 600,
      bundle: true,
    },
  },
  {
    name: 'ssh',
    covers: 'connections to a real sshd, whole runs over them',
    packages: SSH,
    lane: 'ssh',
    minutes: 9,
    runs: 'test',
    work: oneByOne(600, () => testFiles('test/ssh')),
  },
  {
    name: 'redis',
    covers: 'real Redis servers, Sentinels and clusters',
    packages: REDIS,
    lane: 'redis',
    minutes: 7,
    runs: 'test',
    work: oneByOne(900, () => testFiles('test/redis')),
  },
  {
    name: 'app',
    covers: 'Counter app, voting app and balancers',
    lane: 'app',
    minutes: 10,
    runs: 'test',
    packages: [
      'curl',
      'gunicorn',
      'haproxy',
      'nginx-light',
      'postgresql',
      'python3-flask',
      'python3-psycopg2',
      'python3-pytest',
      'python3-pytest-xdist',
      'python3-redis',
      'redis-server',
    ],
    work: { command: ['bash', 'app/tests/run.sh'] },
  },
  {
    name: 'browser',
    covers: 'the report in Chromium',
    packages: ['chromium'],
    lane: 'compute',
    minutes: 0.5,
    runs: 'test',
    work: oneByOne(600, () => testFiles('test/browser')),
  },
  {
    name: 'lab',
    covers: 'one story on the real lab, from a clean install to down',
    packages: LAB,
    lane: 'lab',
    minutes: 9,
    runs: 'test',
    work: oneByOne(3600, () => [STORY]),
  },
  {
    name: 'lab-more',
    covers: 'all else on the real lab',
    packages: LAB,
    lane: 'alone',
    minutes: 45,
    runs: 'all',
    work: oneByOne(3600, () => testFiles('test/lab', [STORY])),
  },
  {
    name: 'property',
    covers: 'check mode against run, on a node',
    packages: LAB,
    lane: 'alone',
    minutes: 12,
    runs: 'all',
    work: oneByOne(1800, () => testFiles('test/property')),
  },
  {
    name: 'vm',
    covers: 'one virtual machine',
    packages: VM,
    lane: 'alone',
    minutes: 7,
    runs: 'all',
    work: oneByOne(1200, () => ['test/vm/one.test.ts']),
  },
  {
    name: 'minimal',
    covers: 'each part of npm test, and npm start, in a minimal Debian: they install what they need',
    lane: 'alone',
    minutes: 20,
    runs: 'all',
    packages: ['git', 'mmdebstrap'],
    work: oneByOne(7200, () => testFiles('test/minimal')),
  },
  {
    name: 'vms',
    covers: 'three virtual machines, and one with a second disk',
    packages: VM,
    lane: 'alone',
    minutes: 150,
    runs: 'by name',
    work: oneByOne(14_400, () => testFiles('test/vm', ['test/vm/one.test.ts'])),
  },
  {
    name: 'k3s',
    covers: 'a real k3s, where LABBOOK_K3S_ARTIFACTS names its files',
    packages: LAB,
    lane: 'alone',
    minutes: 60,
    runs: 'by name',
    work: oneByOne(7200, () => testFiles('test/k3s')),
  },
]

/**
 * The parts that are asked for by name; `test` and `all` stand for those of `npm test` and of all. @throws {RangeError}
 * no such part.
 */
export function partsNamed(names: readonly string[]): Part[] {
  const wanted = (names.length === 0 ? ['test'] : names).flatMap((name) => {
    if (name === 'test' || name === 'all')
      return PARTS.filter(({ runs }) => runs === 'test' || (name === 'all' && runs === 'all'))
    const part = PARTS.find((each) => each.name === name)
    if (part === undefined)
      throw new RangeError(
        `no part "${name}": name some of ${PARTS.map((each) => each.name).join(', ')}; or "test", or "all"`,
      )
    return [part]
  })
  return PARTS.filter((part) => wanted.includes(part))
}

/** About how long parts take: lanes run side by side, but computing shares the processors with all. */
export function expectedMinutes(parts: readonly Part[]): number {
  const sum = (lane: Lane): number =>
    parts.filter((part) => part.lane === lane).reduce((all, { minutes }) => all + minutes, 0)
  return Math.ceil(Math.max(...SIDE_BY_SIDE.map(sum)) + sum('alone'))
}
