import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { z } from 'zod'
import * as modules from '../../../src/modules/index.ts'
import type { ModuleCall } from '../../../src/modules/task.ts'
import { affects } from '../../../src/execution/predicted-effects.ts'
import { secret } from '../../../src/values/secret.ts'
import { runIn } from '../../support/shells.ts'
import { inEachShell } from './each-shell.ts'
import { packageReads, packageSets } from './package-effects.ts'
import { systemReads, systemSets } from './system-effects.ts'

type AnyModule = ModuleCall<z.ZodObject, unknown>
const call = (name: string): AnyModule => (modules as unknown as Record<string, AnyModule>)[name] as AnyModule

type Asked = readonly [module: string, params: object]
const paramsOf = ([module, params]: Asked): never => call(module).definition.schema.parse(params) as never
/** Undefined: anything, without keywords of the task. */
const unlessAnything = (keys: readonly string[] | undefined): readonly string[] | undefined =>
  keys?.includes('*') === true ? undefined : keys
const readsOf = (asked: Asked): readonly string[] | undefined =>
  unlessAnything(call(asked[0]).definition.reads?.(paramsOf(asked)))
const setsOf = (asked: Asked): readonly string[] | undefined =>
  unlessAnything(call(asked[0]).definition.sets?.(paramsOf(asked)))

const ENGINE = [
  'unit:docker.service',
  'unit:docker.socket',
  '/run/docker.sock',
  '/var/run/docker.sock',
  '/var/lib/docker',
]
const etcA = ['/etc/a', 'directory:/etc/a', '/etc/a/.', '/etc', 'directory:/etc']

const COLLECTED = {
  registry: 'r:5000',
  container: 'registry',
  config: '/etc/registry/config.yml',
  storage: '/srv/registry',
  keep: [],
}

const reads: readonly (readonly [...Asked, reads: readonly string[] | undefined])[] = [
  ['copy', { content: '', dest: '/etc/a' }, etcA],
  [
    'copy',
    { content: '', dest: '/etc/a', owner: 'alice', group: 7 },
    [...etcA, 'user:alice', '/etc/passwd', 'accounts:numbers'],
  ],
  ['copy', { src: 'x/a', dest: '/etc/' }, etcA],
  ['template', { src: 'a.j2', dest: '/etc/', group: 'ops' }, [...etcA, 'group:ops', '/etc/group', 'accounts:numbers']],
  ['lineinfile', { path: '/etc/a', line: 'x' }, etcA],
  [
    'lineinfile',
    { path: '/etc/passwd', line: 'x' },
    ['/etc/passwd', 'directory:/etc/passwd', 'accounts:files', '/etc/passwd/.', '/etc', 'directory:/etc'],
  ],
  ['get_url', { url: 'http://a/b', dest: '/etc/a' }, etcA],
  ['get_url', { url: 'http://a/b', dest: '/etc/a', force: true }, undefined],
  ['get_url', { url: 'http://a/b', dest: '/etc/a', checksum: 'sha256:http://a/sums' }, undefined],
  ['file', { path: '/srv/a', state: 'directory' }, ['/srv/a', 'directory:/srv/a', '/srv/a/.']],
  [
    'file',
    { path: '/srv/a', recurse: true, owner: 'alice' },
    ['/srv/a', 'directory:/srv/a', '/srv/a/.', '/srv/a/', 'user:alice', '/etc/passwd', 'accounts:numbers'],
  ],
  ['file', { path: '/srv/a', state: 'absent' }, ['/srv/a', 'directory:/srv/a']],
  ['file', { path: '/etc/a', state: 'touch' }, etcA],
  ['file', { path: '/etc/a', mode: '0644' }, ['/etc/a', 'directory:/etc/a', '/etc/a/.']],
  ['file', { path: '/etc/a', state: 'link', src: '../srv/b' }, [...etcA, '/srv/b', 'directory:/srv/b']],
  ['file', { path: '/etc/a', state: 'link', src: '/srv/b', force: true }, etcA],
  ['stat', { path: '/srv/a' }, ['/srv/a', 'directory:/srv/a', '/srv/a/.', '/srv/a/', 'accounts:numbers']],
  ['slurp', { src: '/etc/a' }, ['/etc/a', 'directory:/etc/a']],
  ['command', { cmd: 'make' }, []],
  ['command', { cmd: 'make', creates: '/srv/out' }, ['/srv/out', 'directory:/srv/out']],
  [
    'shell',
    { cmd: 'rm x', removes: '/srv/x', creates: '/srv/y' },
    ['/srv/y', 'directory:/srv/y', '/srv/x', 'directory:/srv/x'],
  ],
  ['shell', { cmd: 'ls', read_only: true }, undefined],
  [
    'user',
    { name: 'alice', groups: ['ops'], password: '!' },
    [
      'user:alice',
      'group:alice',
      'group:ops',
      'accounts:numbers',
      '/etc/passwd',
      '/etc/shadow',
      '/etc/group',
      '/home/alice',
      'directory:/home/alice',
    ],
  ],
  [
    'user',
    { name: 'alice', group: '7', create_home: false },
    ['user:alice', 'group:alice', 'gid:7', 'gid:any', 'accounts:numbers', '/etc/passwd', '/etc/shadow', '/etc/group'],
  ],
  ['group', { name: 'ops' }, ['group:ops', '/etc/group']],
  ['group', { name: 'ops', gid: 7 }, ['group:ops', '/etc/group', 'gid:7', 'gid:any']],
  ['hostname', { name: 'a' }, ['/etc/hostname', 'directory:/etc/hostname', '/proc/sys/kernel/hostname']],
  ['sysctl', { name: 'vm.swappiness', value: 1, sysctl_file: '/etc/a' }, [...etcA, '/proc/sys/vm/swappiness']],
  ['apt', { name: ['curl=8*', 'libc6:amd64'] }, ['/var/lib/dpkg/', 'package:curl', 'package:libc6:amd64']],
  ['apt', { name: 'curl', state: 'latest' }, ['/var/lib/dpkg/', 'package:curl', '/etc/apt/', '/var/lib/apt/lists/']],
  ['apt', { update_cache: true }, ['/var/lib/dpkg/', '/etc/apt/', '/var/lib/apt/lists/']],
  ['systemd', { name: 'a', state: 'restarted' }, ['unit-file:a.service', 'unit-file:any', 'unit:a.service']],
  [
    'systemd',
    { name: 'a@b.timer', enabled: true },
    ['unit-file:a@b.timer', 'unit-file:a@.timer', 'unit-file:any', 'unit:a@b.timer', 'unit-enabled:a@b.timer'],
  ],
  ['systemd', { daemon_reload: true }, ['unit-file:any', 'unit-file:some', '/etc/fstab']],
  ['uri', { url: 'http://a/' }, undefined],
  ['uri', { url: 'http://a/', method: 'post' }, []],
  ['wait_for', { port: 80 }, undefined],
  ['setup', {}, undefined],
  ['assert', { that: true }, []],
  ['fail', {}, []],
  ['debug', { msg: 'x' }, []],
  ['docker_volume', { name: 'data' }, [...ENGINE, 'docker-volume:data']],
  [
    'docker_network',
    { name: 'app_web_net' },
    [...ENGINE, 'docker-swarm:membership', 'docker-network:app_web_net', 'docker-stack:app', 'docker-stack:app_web'],
  ],
  [
    'docker_secret',
    { name: 'app_key', data: secret('p') },
    [...ENGINE, 'docker-swarm:membership', 'docker-secret:app_key', 'docker-stack:app'],
  ],
  ['docker_config', { name: 'motd', data: 'a' }, [...ENGINE, 'docker-swarm:membership', 'docker-config:motd']],
  ['docker_node', { hostname: 'n1' }, [...ENGINE, 'docker-swarm:membership', 'docker-node:n1']],
  ['docker_swarm', {}, [...ENGINE, 'docker-swarm:membership', 'docker-node:any']],
  ['docker_service', { name: 'web', image: 'a' }, [...ENGINE, 'docker-swarm:membership', 'docker-service:web']],
  [
    'docker_stack',
    { name: 'app', compose: ['/srv/app.yml', {}] },
    [
      ...ENGINE,
      'docker-swarm:membership',
      'docker-stack:app',
      'docker-stack-part:app',
      '/srv/app.yml',
      'directory:/srv/app.yml',
    ],
  ],
  ['docker_container', { name: 'a', image: 'b/c' }, [...ENGINE, 'docker-container:a', 'docker-image:b/c:latest']],
  ['docker_image', { name: 'a:1' }, [...ENGINE, 'docker-image:a:1', 'docker-image:a:1']],
  [
    'docker_image',
    { name: 'a', source: 'build', build: { path: '/srv/a/' } },
    [
      ...ENGINE,
      'docker-image:a:latest',
      'docker-image:a:latest',
      '/srv/a/',
      'directory:/srv/a/',
      '/srv/a/.',
      '/srv/a/',
      'docker-image:any',
    ],
  ],
  ['docker_image', { name: 'a', source: 'build', build: { path: 'a' } }, undefined],
  [
    'docker_image',
    { name: 'a', source: 'import', archive_path: '/srv/a.tar' },
    [...ENGINE, 'docker-image:a:latest', 'docker-image:a:latest', '/srv/a.tar', 'directory:/srv/a.tar'],
  ],
  ['docker_image', { name: 'r:5000/a', push: true }, undefined],
  [
    'docker_login',
    { registry_url: 'r:5000', username: 'a', password: secret('p') },
    ['docker-login:r:5000', '/usr/bin/docker', '/usr/local/bin/docker'],
  ],
  [
    'docker_login',
    { registry_url: 'r:5000', state: 'absent', config_path: '/srv/config.json' },
    [
      'docker-login:r:5000',
      '/usr/bin/docker',
      '/usr/local/bin/docker',
      '/srv/config.json',
      'directory:/srv/config.json',
    ],
  ],
  // Anyone with push access may change a registry.
  ['registry_gc', COLLECTED, undefined],
  [
    'docker_storage',
    { driver: 'zfs', device: '/dev/vdb' },
    ['/var/lib/docker', 'directory:/var/lib/docker', '/var/lib/docker/.', '/var/lib/docker/', '/etc/fstab', '/dev/vdb'],
  ],
  [
    'k8s',
    { src: ['a.yaml'], kubeconfig: '/srv/config' },
    [
      'kubernetes:objects',
      'unit:k3s.service',
      '/usr/local/bin/k3s',
      'directory:/usr/local/bin/k3s',
      '/srv/config',
      'directory:/srv/config',
    ],
  ],
]

const ANYTHING = undefined
const sets: readonly (readonly [...Asked, sets: readonly string[] | undefined])[] = [
  ['copy', { content: '', dest: '/etc/a' }, ['/etc/a', '/etc/a/']],
  [
    'copy',
    { content: '', dest: '/etc/systemd/system/a.service' },
    ['/etc/systemd/system/a.service', 'unit-file:a.service', 'unit-file:some', '/etc/systemd/system/a.service/'],
  ],
  [
    'template',
    { src: 'a', dest: '/etc/systemd/system/a@.service.d/b.conf' },
    [
      '/etc/systemd/system/a@.service.d/b.conf',
      'unit-file:a@.service',
      'unit-file:some',
      '/etc/systemd/system/a@.service.d/b.conf/',
    ],
  ],
  ['lineinfile', { path: '/etc/fstab', line: 'x' }, ['/etc/fstab', 'unit-file:any', 'unit-file:some']],
  ['get_url', { url: 'http://a/b', dest: '/etc/a' }, ['/etc/a']],
  [
    'file',
    { path: '/srv/a/b', state: 'directory' },
    ['/srv/.', 'directory:/srv', '/srv/a/.', 'directory:/srv/a', '/srv/a/b/.', 'directory:/srv/a/b'],
  ],
  ['file', { path: '/etc/a', recurse: true, mode: '0755' }, ['/etc/a/.', 'directory:/etc/a', '/etc/a/']],
  ['file', { path: '/srv/a', state: 'absent' }, ['/srv/a', '/srv/a/']],
  ['file', { path: '/srv/a', state: 'link', src: 'b' }, ['/srv/a', '/srv/a/']],
  [
    'file',
    { path: '/etc/systemd/system', state: 'absent' },
    ['/etc/systemd/system', 'unit-file:any', 'unit-file:some', '/etc/systemd/system/'],
  ],
  ['file', { path: '/srv/a', mode: '0755' }, ['/srv/a/.']],
  ['stat', { path: '/srv/a' }, []],
  ['slurp', { src: '/srv/a' }, []],
  ['command', { cmd: 'make', creates: '/srv/out' }, ANYTHING],
  ['shell', { cmd: 'ls', read_only: true }, []],
  ['group', { name: 'ops', gid: 7 }, ['group:ops', 'gid:7', 'gid:any', 'accounts:numbers', 'accounts:files']],
  ['hostname', { name: 'a' }, ['/etc/hostname', '/proc/sys/kernel/hostname']],
  [
    'sysctl',
    { name: 'net.ipv4.ip_forward', value: 1 },
    ['/etc/sysctl.conf', '/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv4/conf/'],
  ],
  ['apt', { name: 'curl' }, ANYTHING],
  ['apt', { update_cache: true }, ['/var/lib/apt/lists/', '/var/cache/apt/']],
  ['systemd', { name: 'a', state: 'started' }, ANYTHING],
  ['systemd', { daemon_reload: true }, ['systemd:manager']],
  ['uri', { url: 'http://a/' }, []],
  ['uri', { url: 'http://a/', method: 'PUT' }, ANYTHING],
  ['wait_for', { port: 80 }, []],
  ['setup', {}, []],
  ['assert', { that: true }, []],
  ['fail', {}, []],
  ['debug', { msg: 'x' }, []],
  ['docker_volume', { name: 'app_data' }, ['docker-volume:app_data', 'docker-stack-part:app']],
  ['docker_network', { name: 'net' }, ['docker-network:net']],
  ['docker_secret', { name: 'app_key', data: secret('p') }, ['docker-secret:app_key']],
  ['docker_config', { name: 'motd', data: 'a' }, ['docker-config:motd']],
  ['docker_node', { hostname: 'n1' }, ['docker-node:n1', 'docker-node:any']],
  ['docker_swarm', {}, ['docker-swarm:membership', 'docker-node:any']],
  ['docker_swarm', { state: 'join', join_token: secret('t'), remote_addrs: ['a'] }, ANYTHING],
  ['docker_stack', { name: 'app', compose: [{}] }, ANYTHING],
  [
    'docker_service',
    {
      name: 'web',
      image: 'a',
      mounts: [
        { source: 'data', target: '/data' },
        { type: 'tmpfs', target: '/tmp' },
      ],
    },
    ['docker-service:web', 'docker-image:a:latest', 'docker-image:any', 'docker-volume:data'],
  ],
  [
    'docker_service',
    { name: 'web', image: 'a', mounts: [{ type: 'bind', source: '/var/run/docker.sock', target: '/s' }] },
    ANYTHING,
  ],
  [
    'docker_container',
    { name: 'a', image: 'b', volumes: ['/srv/a:/a', '/etc/b:/b:ro', '/tmp'] },
    [
      'docker-container:a',
      'docker-image:b:latest',
      'docker-image:any',
      '/srv/a',
      '/srv/a/',
      '/etc/b/.',
      'directory:/etc/b',
    ],
  ],
  ['docker_container', { name: 'a', image: 'b', privileged: true }, ANYTHING],
  ['docker_container', { name: 'a', image: 'b', network_mode: 'host' }, ANYTHING],
  ['docker_container', { name: 'a', state: 'absent' }, ['docker-container:a']],
  [
    'docker_image',
    { name: 'a', repository: 'r:5000/a', push: true },
    [
      'docker-image:a:latest',
      'docker-image:any',
      'docker-image:r:5000/a:latest',
      'docker-image:any',
      'docker-registry:r:5000',
    ],
  ],
  // Only the host knows the home directory with the logins.
  ['docker_login', { registry_url: 'r:5000', username: 'a', password: secret('p') }, ANYTHING],
  [
    'docker_login',
    { registry_url: 'r:5000', state: 'absent', config_path: '/root/.docker/config.json' },
    [
      'docker-login:r:5000',
      '/root/.',
      'directory:/root',
      '/root/.docker/.',
      'directory:/root/.docker',
      '/root/.docker/config.json',
      '/root/.docker/config.json/.',
    ],
  ],
  ['registry_gc', COLLECTED, ANYTHING],
  [
    'docker_storage',
    { driver: 'zfs', device: '/dev/vdb' },
    [
      '/var/lib/docker',
      '/var/lib/docker/',
      '/etc/fstab',
      'unit-file:any',
      'unit-file:some',
      'unit:docker.service',
      'unit:docker.socket',
      '/dev/vdb',
    ],
  ],
  // Pods may mount any directory of their host.
  ['k8s', { src: ['a.yaml'] }, ANYTHING],
]

t.test('each module declares what its plan reads', async (t) => {
  for (const [module, params, expected] of [...reads, ...packageReads, ...systemReads])
    t.same(readsOf([module, params]), expected, `${module} ${JSON.stringify(params)}`)
})

t.test('each module declares the most that its changes set', async (t) => {
  for (const [module, params, expected] of [...sets, ...packageSets, ...systemSets])
    t.same(setsOf([module, params]), expected, `${module} ${JSON.stringify(params)}`)
})

/** A reboot changes everything; meta controls the play; `package` is one of the modules for packages. */
const UNIQUE = ['reboot', 'meta', 'package']

t.test('both tables contain every module', async (t) => {
  const names = Object.keys(modules).filter((name) => typeof (modules as Record<string, unknown>)[name] === 'function')
  t.ok(names.length > 25)
  for (const name of names.filter((it) => !UNIQUE.includes(it))) {
    t.ok(
      [...reads, ...packageReads, ...systemReads].some(([module]) => module === name),
      `reads of ${name}`,
    )
    t.ok(
      [...sets, ...packageSets, ...systemSets].some(([module]) => module === name) || name === 'user',
      `sets of ${name}`,
    )
  }
})

t.test('tasks depend on earlier tasks that set what they read', async (t) => {
  const depends = (later: Asked, earlier: Asked): boolean => affects(setsOf(earlier), readsOf(later))
  const copyInto = (dest: string): Asked => ['copy', { content: '', dest }]
  const folder = (path: string): Asked => ['file', { path, state: 'directory' }]
  const cases: readonly [later: Asked, earlier: Asked, depends: boolean][] = [
    [copyInto('/srv/a/b'), folder('/srv/a'), true],
    [folder('/srv/a/b'), folder('/srv/a'), false],
    [copyInto('/etc/motd'), folder('/etc/app/conf.d'), false],
    [['file', { path: '/srv/a', recurse: true, mode: '0755' }], folder('/srv/a/b'), true],
    [['file', { path: '/srv/a', recurse: true, mode: '0755' }], ['file', { path: '/srv/a/b', mode: '0700' }], true],
    [['stat', { path: '/srv/a' }], copyInto('/srv/a/b'), true],
    [['slurp', { src: '/srv/a/b' }], ['file', { path: '/srv/a', mode: '0700' }], false],
    [['slurp', { src: '/srv/a/b' }], ['file', { path: '/srv/a', state: 'link', src: 'c' }], true],
    [['lineinfile', { path: '/srv/a/b', line: '' }], ['file', { path: '/srv/a', state: 'absent' }], true],
    [['lineinfile', { path: '/srv/ab', line: '' }], ['file', { path: '/srv/a', state: 'absent' }], false],
    [['lineinfile', { path: '/srv/a/b', line: '' }], ['file', { path: '/srv/a', recurse: true, mode: '0700' }], true],
    [['lineinfile', { path: '/home/alice/.bashrc', line: '' }], ['user', { name: 'alice' }], true],
    [['lineinfile', { path: '/home/bob/.bashrc', line: '' }], ['user', { name: 'alice' }], false],
    [['copy', { content: '', dest: '/etc/a', owner: 'alice' }], ['user', { name: 'alice' }], true],
    [['copy', { content: '', dest: '/etc/a', group: 'alice' }], ['user', { name: 'alice' }], true],
    [['slurp', { src: '/etc/passwd' }], ['user', { name: 'alice' }], true],
    [['user', { name: 'alice' }], ['lineinfile', { path: '/etc/passwd', line: '' }], true],
    [['user', { name: 'alice', groups: 'ops' }], ['group', { name: 'ops' }], true],
    [['group', { name: 'b', gid: 1001 }], ['group', { name: 'a' }], true],
    [['group', { name: 'b' }], ['group', { name: 'a' }], false],
    [['systemd', { name: 'a', state: 'started' }], copyInto('/etc/systemd/system/a.service'), true],
    [['systemd', { name: 'a', state: 'started' }], copyInto('/etc/systemd/system/b.service'), false],
    [['systemd', { name: 'a@1', state: 'started' }], copyInto('/etc/systemd/system/a@.service'), true],
    [['systemd', { name: 'a', state: 'started' }], copyInto('/etc/systemd/system/service.d/all.conf'), true],
    [['systemd', { daemon_reload: true }], copyInto('/etc/systemd/system/b.service'), true],
    [['systemd', { name: 'a', state: 'started' }], ['systemd', { name: 'a', masked: false }], true],
    [['systemd', { name: 'a', state: 'started' }], ['systemd', { name: 'b', enabled: true }], false],
    [
      ['systemd', { name: 'a', enabled: true }],
      ['file', { path: '/etc/systemd/system/multi-user.target.wants/a.service', state: 'absent' }],
      true,
    ],
    [['command', { cmd: 'make' }], ['apt', { name: 'make' }], false],
    [['command', { cmd: 'make', creates: '/x' }], ['apt', { name: 'make' }], true],
    [['wait_for', { port: 80 }], copyInto('/etc/a'), true],
    [
      ['sysctl', { name: 'net.ipv4.conf.all.forwarding', value: 0, sysctl_file: '/etc/b' }],
      ['sysctl', { name: 'net.ipv4.ip_forward', value: 1, sysctl_file: '/etc/a' }],
      true,
    ],
    [
      ['sysctl', { name: 'vm.swappiness', value: 0, sysctl_file: '/etc/b' }],
      ['sysctl', { name: 'net.ipv4.ip_forward', value: 1, sysctl_file: '/etc/a' }],
      false,
    ],
    [
      ['docker_image', { name: 'b', source: 'build', build: { path: '/srv/b' } }],
      ['docker_image', { name: 'base' }],
      true,
    ],
    [['docker_container', { name: 'c', image: 'b' }], ['docker_image', { name: 'b' }], true],
    [['docker_container', { name: 'c', image: 'b' }], ['docker_image', { name: 'other' }], false],
    [['docker_stack', { name: 'app', compose: [{}] }], ['docker_service', { name: 'app_web', image: 'a' }], true],
    [['docker_stack', { name: 'app', compose: [{}] }], ['docker_service', { name: 'web', image: 'a' }], false],
    [['docker_service', { name: 'app_web', image: 'a' }], ['docker_service', { name: 'app_db', image: 'b' }], false],
    [['docker_service', { name: 'app_web', image: 'a' }], ['docker_stack', { name: 'app', compose: [{}] }], true],
    [['docker_service', { name: 'web', image: 'a' }], ['docker_swarm', {}], true],
    [['docker_volume', { name: 'v' }], ['file', { path: '/var/lib/docker', state: 'absent' }], true],
  ]
  for (const [later, earlier, expected] of cases)
    t.equal(depends(later, earlier), expected, `${JSON.stringify(later)} after ${JSON.stringify(earlier)}`)
})

/** What a plan's changes set, and what it additionally reads. */
function seen(shell: Parameters<typeof runIn>[0], asked: Asked) {
  const { definition } = call(asked[0])
  const params = paramsOf(asked)
  const plan = definition.plan(params, runIn(shell, definition.probe(params, {})), {}, {})
  return { sets: plan.changes.map((change) => change.sets), reads: plan.reads, problem: plan.problem }
}

t.test('a change of owner or mode does not affect what is below', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    chmodSync(folder, 0o755)
    t.same(seen(shell, ['file', { path: folder, state: 'directory', mode: '0700' }]).sets, [[`${folder}/.`]])
  })
})

t.test('a created directory sets its missing parents only', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const of = (path: string): string[] => [`${path}/.`, `directory:${path}`]
    t.same(seen(shell, ['file', { path: join(folder, 'a'), state: 'directory' }]).sets, [of(`${folder}/a`)])
    t.same(seen(shell, ['file', { path: join(folder, 'a/b/c'), state: 'directory' }]).sets, [
      ['a', 'a/b', 'a/b/c'].flatMap((name) => of(`${folder}/${name}`)),
    ])
    mkdirSync(join(folder, 'a'))
    t.same(seen(shell, ['file', { path: join(folder, 'a/b/c'), state: 'directory' }]).sets, [
      ['a/b', 'a/b/c'].flatMap((name) => of(`${folder}/${name}`)),
    ])
  })
})

t.test('a link in a path also reads and sets the real path', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    mkdirSync(join(folder, 'real'))
    symlinkSync('real', join(folder, 'link'))
    writeFileSync(join(folder, 'real/file'), 'x')
    symlinkSync(join(folder, 'link/file'), join(folder, 'to-file'))
    const real = `${folder}/real/file`
    const inFolder = ['copy', { content: 'y', dest: `${folder}/link/file` }] as const
    t.same(seen(shell, inFolder).sets, [[`${folder}/link/file`, real]])
    t.same(seen(shell, inFolder).reads, [
      real,
      `directory:${real}`,
      `${real}/.`,
      `${folder}/real`,
      `directory:${folder}/real`,
    ])
    t.same(seen(shell, ['lineinfile', { path: `${folder}/to-file`, line: 'y' }]).sets, [[`${folder}/to-file`, real]])
    t.same(seen(shell, ['slurp', { src: `${folder}/to-file` }]).reads, [real, `directory:${real}`])
    // The link itself is replaced, with everything below it.
    t.same(seen(shell, ['copy', { content: 'y', dest: `${folder}/to-file` }]), {
      sets: [[`${folder}/to-file`, `${folder}/to-file/`]],
      reads: undefined,
      problem: undefined,
    })
    t.same(seen(shell, ['file', { path: `${folder}/link/new/sub`, state: 'directory' }]).sets, [
      ['link/new', 'link/new/sub', 'real/new', 'real/new/sub'].flatMap((name) => [
        `${folder}/${name}/.`,
        `directory:${folder}/${name}`,
      ]),
    ])
    t.equal(
      seen(shell, ['copy', { content: 'y', dest: `${folder}/real/file` }]).reads,
      undefined,
      'a path without a link has one name',
    )
  })
})

t.test('a link to an unknown path reads and sets anything', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    mkdirSync(join(folder, 'a\nb'))
    symlinkSync('a\nb', join(folder, 'newline'))
    symlinkSync('no/where', join(folder, 'dangling'))
    const { sets } = seen(shell, ['copy', { content: 'y', dest: `${folder}/newline/file` }])
    t.ok(affects(sets[0], ['/any/where']))
    t.ok(affects(['/any/where'], seen(shell, ['stat', { path: `${folder}/dangling`, follow: true }]).reads))
  })
})

t.test('a task about a unit that systemd has not loaded depends on daemon-reload', async (t) => {
  const { definition } = call('systemd')
  const reads = (stdout: string): readonly string[] | undefined =>
    definition.plan(paramsOf(['systemd', { name: 'a' }]), { stdout, stderr: '', exitCode: 0 }, {}, {}).reads
  t.equal(reads('LoadState=loaded\nNeedDaemonReload=no\n'), undefined)
  t.same(reads('LoadState=loaded\nNeedDaemonReload=yes\n'), ['systemd:manager'])
  t.same(reads('LoadState=not-found\nNeedDaemonReload=no\nOnDisk=yes\n'), ['systemd:manager'])
  t.ok(setsOf(['systemd', { name: 'b', enabled: true }])?.includes('systemd:manager'))
})

t.test('a user sets its home as configured on the host', async (t) => {
  inEachShell(t, (t, shell) => {
    const { sets } = seen(shell, ['user', { name: 'no.body' }])
    t.ok(affects(sets[0], ['/home/no.body/.profile']))
    t.ok(affects(sets[0], ['group:no.body']))
    t.notOk(
      affects(seen(shell, ['user', { name: 'no.body', group: 'root', create_home: false }]).sets[0], ['group:no.body']),
    )
    t.same(seen(shell, ['user', { name: 'daemon' }]).reads?.slice(0, 1), ['/usr/sbin'], 'the home of an existing user')
  })
})
