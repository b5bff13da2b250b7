import { dockerResources } from '../../../src/modules/docker/effects.ts'
import { systemd } from '../../../src/modules/core/systemd.ts'

/* What modules for files, accounts and settings of the system read and set: rows of effects.test.ts. */

type Row = readonly [module: string, params: object, keys: readonly string[] | undefined]

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJH3z3bTgm7uVw0nRkFD1dBuMnX9T9GxQ9jQm3q0X4ab'

/** A path without its directory, and with it. */
const at = (path: string): string[] => [path, `directory:${path}`, `${path}/.`]
const file = (path: string, directory: string): string[] => [...at(path), directory, `directory:${directory}`]

const authorizedKey = { user: 'alice', key: KEY }
const cron = { name: 'a', job: 'true' }
const cronFile = { ...cron, user: 'root', cron_file: 'app' }
const knownHost = { name: 'h', key: `h ${KEY}`, path: '/etc/ssh/ssh_known_hosts' }
const mount = { path: '/mnt/a', src: '/dev/vdb', fstype: 'ext4', state: 'mounted' }
const service = { name: 'app', enabled: true }
const DEBCONF = ['/var/cache/debconf/config.dat', '/var/cache/debconf/passwords.dat']
const CRONTABS = '/var/spool/cron/crontabs'

/** As the module systemd. */
const ofUnit = systemd.definition.schema.parse(service)

const UFW_RULES = ['/etc/ufw/user.rules', '/etc/ufw/user6.rules']

export const systemReads: readonly Row[] = [
  [
    'authorized_key',
    authorizedKey,
    ['user:alice', '/etc/passwd', 'accounts:numbers', '/home', 'directory:/home', '/home/.', '/home/'],
  ],
  ['blockinfile', { path: '/etc/app.conf', block: 'a' }, file('/etc/app.conf', '/etc')],
  ['replace', { path: '/etc/app.conf', regexp: 'a' }, file('/etc/app.conf', '/etc')],
  ['cron', cron, [...at(CRONTABS), `${CRONTABS}/`, 'package:cron']],
  ['cron', cronFile, file('/etc/cron.d/app', '/etc/cron.d')],
  ['find', { paths: ['/srv/a'] }, [...at('/srv/a'), '/srv/a/', 'accounts:numbers']],
  ['known_hosts', knownHost, file('/etc/ssh/ssh_known_hosts', '/etc/ssh')],
  [
    'locale_gen',
    { name: 'de_DE.UTF-8' },
    ['/etc/locale.gen', 'directory:/etc/locale.gen', 'locales', 'package:locales'],
  ],
  ['modprobe', { name: 'dummy' }, ['kernel-module:dummy', 'package:kmod']],
  [
    'mount',
    mount,
    ['mount:/mnt/a', '/mnt/a', 'directory:/mnt/a', ...file('/etc/fstab', '/etc'), '/dev/vdb', 'directory:/dev/vdb'],
  ],
  ['service', service, systemd.definition.reads?.(ofUnit)],
  ['tempfile', {}, []],
  ['unarchive', { src: 'a.tgz', dest: '/srv/a' }, [...at('/srv/a'), '/srv/a/']],
  [
    'unarchive',
    { src: '/b.tgz', remote_src: true, dest: '/srv/a', creates: '/srv/a/c' },
    [...at('/srv/a'), '/srv/a/', '/b.tgz', 'directory:/b.tgz', '/srv/a/c', 'directory:/srv/a/c'],
  ],
  ['fetch', { src: '/etc/a', dest: 'b' }, ['/etc/a', 'directory:/etc/a']],
  ['pip', { name: 'a' }, undefined],
  ['debconf', { name: 'a' }, [...DEBCONF, 'package:a']],
  [
    'alternatives',
    { name: 'editor', path: '/bin/ed' },
    ['/var/lib/dpkg/alternatives/editor', '/etc/alternatives/editor', '/bin/ed'].flatMap((path) => [
      path,
      `directory:${path}`,
    ]),
  ],
  ['iptables', { table: 'nat', chain: 'INPUT', jump: 'DROP' }, ['iptables:nat', 'package:iptables']],
  [
    'ufw',
    { state: 'enabled' },
    [
      'ufw',
      'package:ufw',
      ...['/etc/ufw/ufw.conf', '/etc/default/ufw', ...UFW_RULES, '/etc/ufw/applications.d'].flatMap((path) => [
        path,
        `directory:${path}`,
      ]),
    ],
  ],
  ['docker_host_info', { images: true }, undefined],
  ['docker_swarm_info', {}, [...dockerResources.engine, dockerResources.membership]],
  ['docker_prune', { images: true }, undefined],
  ['docker_compose_v2', { project_src: '/srv/a' }, undefined],
  [
    'timezone',
    { name: 'Europe/Berlin' },
    ['/etc/localtime', '/etc/timezone', '/usr/share/zoneinfo/Europe/Berlin'].flatMap((path) => [
      path,
      `directory:${path}`,
    ]),
  ],
]

export const systemSets: readonly Row[] = [
  // A home directory can be anywhere.
  ['authorized_key', authorizedKey, undefined],
  ['blockinfile', { path: '/etc/app.conf', block: 'a' }, ['/etc/app.conf']],
  ['replace', { path: '/etc/app.conf', regexp: 'a' }, ['/etc/app.conf']],
  ['cron', cron, [CRONTABS, `${CRONTABS}/`]],
  ['cron', cronFile, ['/etc/cron.d/app']],
  ['find', { paths: ['/srv/a'] }, []],
  ['known_hosts', knownHost, ['/etc/ssh/ssh_known_hosts']],
  ['locale_gen', { name: 'de_DE.UTF-8' }, ['/etc/locale.gen', '/usr/lib/locale', '/usr/lib/locale/', 'locales']],
  ['modprobe', { name: 'dummy' }, ['kernel-module:dummy']],
  [
    'mount',
    mount,
    [
      ...['mount:/mnt/a', '/mnt/a', '/mnt/a/', '/mnt/.', 'directory:/mnt', '/mnt/a/.', 'directory:/mnt/a'],
      ...['/etc/fstab', 'unit-file:any', 'unit-file:some'],
    ],
  ],
  ['service', service, systemd.definition.sets?.(ofUnit)],
  ['tempfile', {}, undefined],
  ['unarchive', { src: 'a.tgz', dest: '/srv/a' }, ['/srv/a', '/srv/a/']],
  ['fetch', { src: '/etc/a', dest: 'b' }, []],
  ['pip', { name: 'a' }, undefined],
  ['pip', { name: 'a', virtualenv: '/srv/a' }, ['/srv/a', '/srv/a/', '/srv/.', 'directory:/srv']],
  ['debconf', { name: 'a' }, []],
  ['debconf', { name: 'a', question: 'a/b', vtype: 'string', value: 'c' }, DEBCONF],
  ['alternatives', { name: 'editor', path: '/bin/ed' }, undefined],
  [
    'alternatives',
    { name: 'editor', path: '/bin/ed', link: '/usr/bin/editor', subcommands: [] },
    ['/usr/bin/editor', '/var/lib/dpkg/alternatives/editor', '/etc/alternatives/editor'],
  ],
  ['iptables', { chain: 'INPUT', jump: 'DROP' }, ['iptables:filter']],
  ['ufw', { rule: 'allow' }, ['ufw', 'iptables:filter', '/etc/ufw/ufw.conf', '/etc/default/ufw', ...UFW_RULES]],
  ['docker_host_info', { images: true }, []],
  ['docker_swarm_info', {}, []],
  ['docker_prune', { images: true }, undefined],
  ['docker_compose_v2', { project_src: '/srv/a' }, undefined],
  ['timezone', { name: 'Europe/Berlin' }, ['/etc/localtime', '/etc/timezone']],
]
