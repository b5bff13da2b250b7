import { readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export const ROOT = path.resolve(import.meta.dirname, '../..')

/**
 * Lanes run in parallel, the parts of a lane one after the other. `compute` is CPU-bound and runs at the lowest
 * priority; the others mostly wait and have timeouts, those of the lab's nodes the shortest. `alone` runs after
 * all others.
 */
export type Lane = (typeof SIDE_BY_SIDE)[number] | 'alone'

export const SIDE_BY_SIDE = ['compute', 'ssh', 'redis', 'app', 'lab'] as const

export interface Part {
  readonly name: string
  /** Description, in a line. */
  readonly description: string
  /** Debian packages that it needs on a minimal Debian with Node and git. */
  readonly packages: readonly string[]
  readonly lane: Lane
  /**
   * Last measured duration on two idle cores: parts of `npm test` in one such run, the others alone.
   */
  readonly minutes: number
  /** Whether `npm test` or `npm run test:all` runs it, or only its name. */
  readonly runs: 'test' | 'all' | 'by name'
  /** A command that prints its counts, or test files, each a program that prints TAP. */
  readonly work: { readonly command: readonly string[] } | Files
}

export interface Files {
  readonly files: () => readonly string[]
  readonly jobs: number
  /** Timeout per file. */
  readonly timeoutSeconds: number
  readonly env?: Readonly<Record<string, string>>
  /** Bundle all files before they run. Worth it for many short ones. */
  readonly bundle?: boolean
}

const STORY = 'test/lab/site.test.ts'

/** The tests without a lab that need the most CPU: servers of four Redis topologies, outputs of 100 MB, bundling. */
const LONG = [
  'test/redis/k3s-sentinel.test.ts',
  'test/redis/servers.test.ts',
  'test/ssh/many-connections.test.ts',
  'test/ssh/overflow-file.test.ts',
  'test/unit/cli/bundle.test.ts',
]

/** The test files below a directory, with exceptions. */
export function testFiles(folder: string, but: readonly string[] = []): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => path.posix.join(folder, name))
    .filter((file) => !but.includes(file))
    .sort()
}

/** Unit tests of random cases, of which `npm test` runs few. */
const randomTests = (): string[] =>
  testFiles('test/unit').filter((file) => readFileSync(path.join(ROOT, file), 'utf8').includes('support/seed.ts'))

const oneByOne = (timeoutSeconds: number, files: () => readonly string[]): Files => ({ files, jobs: 1, timeoutSeconds })

/** Shells of the unit tests, and programs that the scripts under test call. */
const UNIT = [
  'acl',
  'busybox',
  'bzip2',
  'cpio',
  'curl',
  'gpg',
  'iptables',
  'mksh',
  'openssh-client',
  'openssl',
  'procps',
  'python3',
  'ruby',
  'ufw',
  'unzip',
  'wget',
  'xz-utils',
  'zip',
  'zstd',
]
const SSH = [
  'fish',
  'iproute2',
  'iptables',
  'libpam-google-authenticator',
  'openssh-client',
  'openssh-server',
  'openssl',
  'procps',
  'sudo',
  'systemd-sysv',
  'tcsh',
]
const REDIS = ['busybox', 'procps', 'python3', 'redis-server']
/** For the tests themselves; the playbook installs what the lab needs. */
const LAB = ['curl', 'iproute2', 'iptables', 'openssh-client', 'openssl', 'procps']
const VM = ['cpio', 'curl', 'mmdebstrap', 'openssh-client', 'procps', 'qemu-system-x86', 'qemu-utils', 'vde2']

/** In the order of execution within a lane, and of package installation: Chromium late, since it is large. */
export const PARTS: readonly Part[] = [
  {
    name: 'check',
    description: 'format, types, lint, imports, unused code',
    packages: [],
    lane: 'compute',
    minutes: 4,
    runs: 'test',
    work: { command: ['npm', 'run', '--silent', 'check'] },
  },
  {
    name: 'unit',
    description: 'pure functions, and scripts in dash, bash and busybox ash',
    packages: UNIT,
    lane: 'compute',
    minutes: 7,
    runs: 'test',
    work: {
      files: () => testFiles('test/unit', LONG),
      // Some wait for minutes.
      jobs: os.availableParallelism() + 2,
      timeoutSeconds: 600,
      bundle: true,
    },
  },
  {
    name: 'ssh',
    description: 'connections and complete runs over a real sshd',
    packages: SSH,
    lane: 'ssh',
    minutes: 4,
    runs: 'test',
    // Two at a time: they wait more than they compute, and each has a separate sshd and separate accounts.
    work: { files: () => testFiles('test/ssh', LONG), jobs: 2, timeoutSeconds: 600, bundle: true },
  },
  {
    name: 'redis',
    description: 'the client that counts lost writes, with real Redis servers',
    packages: REDIS,
    lane: 'redis',
    minutes: 7,
    runs: 'test',
    work: oneByOne(900, () => testFiles('test/redis', LONG)),
  },
  {
    name: 'app',
    description: 'Counter app, voting app and balancers',
    lane: 'app',
    minutes: 6,
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
    description: 'the report in Chromium',
    packages: ['chromium'],
    lane: 'compute',
    minutes: 0.5,
    runs: 'test',
    work: oneByOne(600, () => testFiles('test/browser')),
  },
  {
    name: 'lab',
    description: 'one scenario on the real lab, from a clean install to down',
    packages: LAB,
    lane: 'lab',
    minutes: 10,
    runs: 'test',
    work: oneByOne(3600, () => [STORY]),
  },
  {
    name: 'lab-more',
    description: 'all other tests on the real lab',
    packages: [...LAB, 'apt-utils', 'gpg', 'gpg-agent'],
    lane: 'alone',
    minutes: 85,
    runs: 'all',
    work: oneByOne(3600, () => testFiles('test/lab', [STORY])),
  },
  {
    name: 'long',
    description: 'Redis topologies, large outputs, many connections, bundling',
    packages: [...new Set([...SSH, ...REDIS, ...UNIT])],
    lane: 'alone',
    minutes: 3,
    runs: 'all',
    work: oneByOne(900, () => LONG),
  },
  {
    name: 'package',
    description: 'the npm package: install with npm and pnpm, types, a project, a run on a lab',
    packages: LAB,
    lane: 'alone',
    minutes: 5,
    runs: 'all',
    work: oneByOne(1200, () => testFiles('test/package')),
  },
  {
    name: 'shells',
    description: 'completion in interactive bash, zsh and fish',
    packages: ['bash', 'fish', 'python3', 'zsh'],
    lane: 'alone',
    minutes: 0.5,
    runs: 'all',
    work: oneByOne(600, () => testFiles('test/shells')),
  },
  {
    name: 'guides',
    description: 'guides: their steps are run, commands of the documentation, its site in Chromium',
    packages: [...UNIT, 'chromium'],
    lane: 'alone',
    minutes: 3,
    runs: 'all',
    work: oneByOne(900, () => testFiles('test/guides')),
  },
  {
    name: 'random',
    description: 'unit tests of random cases, ten times as many',
    packages: UNIT,
    lane: 'alone',
    minutes: 6,
    runs: 'all',
    work: {
      files: randomTests,
      jobs: os.availableParallelism(),
      timeoutSeconds: 1200,
      env: { PROPERTY_RUNS: '10' },
      bundle: true,
    },
  },
  {
    name: 'property',
    description: 'check mode compared with a run, on a node',
    packages: ['acl', ...LAB],
    lane: 'alone',
    minutes: 12,
    runs: 'all',
    work: oneByOne(1800, () => testFiles('test/property')),
  },
  {
    name: 'vm',
    description: 'one virtual machine',
    packages: VM,
    lane: 'alone',
    minutes: 7,
    runs: 'all',
    work: oneByOne(1200, () => ['test/vm/one.test.ts']),
  },
  {
    name: 'minimal',
    description: 'each part of npm test, and npm start, on a minimal Debian',
    lane: 'alone',
    minutes: 20,
    runs: 'all',
    packages: ['git', 'mmdebstrap'],
    work: oneByOne(7200, () => testFiles('test/minimal')),
  },
  {
    name: 'vms',
    description: 'three virtual machines, and one with a second disk',
    packages: VM,
    lane: 'alone',
    minutes: 150,
    runs: 'by name',
    work: oneByOne(14_400, () => testFiles('test/vm', ['test/vm/one.test.ts'])),
  },
  {
    name: 'k3s',
    description: 'a real k3s, if LABBOOK_K3S_ARTIFACTS is set',
    packages: LAB,
    lane: 'alone',
    minutes: 60,
    runs: 'by name',
    work: oneByOne(7200, () => testFiles('test/k3s')),
  },
  {
    name: 'kubernetes',
    description: "the app's manifests on a real Kubernetes without nodes, built from its Go module",
    packages: ['etcd-server'],
    lane: 'alone',
    minutes: 4,
    runs: 'by name',
    // The first run builds it.
    work: oneByOne(7200, () => testFiles('test/kubernetes')),
  },
]

/**
 * The parts with these names; `test` and `all` are those of `npm test` and of `npm run test:all`. @throws {RangeError}
 * if a part does not exist.
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

/** Estimated duration: lanes run in parallel, but `compute` shares the CPUs with all. */
export function expectedMinutes(parts: readonly Part[]): number {
  const sum = (lane: Lane): number =>
    parts.filter((part) => part.lane === lane).reduce((all, { minutes }) => all + minutes, 0)
  return Math.ceil(Math.max(...SIDE_BY_SIDE.map(sum)) + sum('alone'))
}
