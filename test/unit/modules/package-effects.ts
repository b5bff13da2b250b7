/* What modules for packages, repositories and running things read and set: rows of effects.test.ts. */

type Row = readonly [module: string, params: object, keys: readonly string[] | undefined]

/** The keys of a path without its directory. */
const at = (path: string): string[] => [path, `directory:${path}`, `${path}/.`]
const ANYTHING = undefined

export const packageReads: readonly Row[] = [
  ['package_facts', {}, ['/var/lib/dpkg/', '/var/lib/rpm/', '/usr/lib/sysimage/rpm/', '/lib/apk/db/']],
  ['service_facts', {}, ANYTHING],
  ['git', { repo: 'https://example.org/a.git', dest: '/srv/a' }, ANYTHING],
  ['git', { repo: '/srv/a.git', dest: '/srv/a' }, [...at('/srv/a'), '/srv/a/', ...at('/srv/a.git'), '/srv/a.git/']],
  ['pause', { seconds: 1 }, []],
  ['raw', { cmd: 'ls' }, []],
  ['script', { cmd: 'a.sh' }, []],
  ['wait_for_connection', {}, []],
  [
    'apt_repository',
    { repo: 'deb http://x y z', filename: '/etc/a' },
    [
      ...at('/etc/apt/sources.list'),
      ...['/etc/apt', 'directory:/etc/apt'],
      ...at('/etc/apt/sources.list.d'),
      '/etc/apt/sources.list.d/',
      ...at('/etc/a.list'),
      ...['/etc', 'directory:/etc'],
    ],
  ],
  ['apt_key', { data: 'x', keyring: '/etc/a.asc' }, [...at('/etc/a.asc'), '/etc', 'directory:/etc']],
  ['deb822_repository', { name: 'a', signed_by: 'https://example.org/key' }, ANYTHING],
]

export const packageSets: readonly Row[] = [
  ['package_facts', {}, []],
  ['service_facts', {}, []],
  ['git', { repo: '/r', dest: '/srv/a' }, ['/srv/a', '/srv/a/', '/srv/.', 'directory:/srv']],
  ['pause', { seconds: 1 }, []],
  ['raw', { cmd: 'ls' }, ANYTHING],
  ['script', { cmd: 'a.sh', creates: '/srv/out' }, ANYTHING],
  ['wait_for_connection', {}, []],
  [
    'apt_repository',
    { repo: 'deb http://x y z', filename: '/etc/a' },
    ['/etc/apt/sources.list', '/etc/apt/sources.list.d/', '/etc/a.list', '/var/lib/apt/lists/', '/var/cache/apt/'],
  ],
  ['apt_key', { data: 'x', keyring: '/etc/a.asc' }, ['/etc/a.asc']],
  [
    'deb822_repository',
    { name: 'A b' },
    [
      ...['/etc/apt/sources.list.d/a-b.sources', '/etc/apt/keyrings/a-b.asc', '/etc/apt/keyrings/a-b.gpg'],
      ...['/etc/apt/keyrings', '/etc/apt/keyrings/.', 'directory:/etc/apt/keyrings'],
    ],
  ],
]
