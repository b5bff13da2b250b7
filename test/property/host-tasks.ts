import fc from 'fast-check'
import { sh } from '../../src/shell/quote.ts'
import { ARENA, EMPTY_ARENA, MOUNT_POINT } from './arena.ts'
import type { TaskSpec } from './harness.ts'

/* The host's name and kernel settings that are the node's own (of its network namespace). */

const KEPT = `${ARENA}/sysctl.conf`
const KEYS: Readonly<Record<string, readonly string[]>> = {
  'net.ipv4.ip_default_ttl': ['64', '65'],
  'net.ipv4.ip_local_port_range': ['32768\t60999', '20000 60000'],
  'net.ipv4.conf.lo.log_martians': ['0', '1'],
}
const FSTAB = `${ARENA}/fstab`
const NAMES = ['node1', 'alpha', 'beta.example.org']

const settings = fc.record(
  Object.fromEntries(Object.entries(KEYS).map(([key, values]) => [key, fc.constantFrom(...values)])),
)
const line = fc.constantFrom(
  'net.ipv4.ip_default_ttl = 64',
  'net.ipv4.ip_default_ttl=65',
  ' -net.ipv4.ip_default_ttl  = 64 ',
  '# net.ipv4.ip_default_ttl = 65',
  'net/ipv4/ip_default_ttl = 65',
  'net.ipv4.ip_local_port_range = 20000\t60000',
  'net.ipv4.nosuch = 1',
  '',
  '; comment',
)

const RULES = [
  ':',
  'iptables -N LBT',
  'iptables -A INPUT -p tcp --dport 81 -j ACCEPT',
  'iptables -N LBT; iptables -A LBT -p tcp --dport 82 -j ACCEPT; iptables -P FORWARD DROP',
]
const ALTERNATIVES = [
  ':',
  ...['true', 'false'].map((name) => `update-alternatives --quiet --install /usr/local/bin/lbt lbt /bin/${name} 20`),
  'update-alternatives --quiet --install /usr/local/bin/lbt lbt /bin/true 5; update-alternatives --quiet --set lbt /bin/true',
]

/** Start states of the hostname and of kernel parameters. */
export const hostState: fc.Arbitrary<string> = fc
  .record({
    live: fc.constantFrom(...NAMES),
    kept: fc.option(fc.constantFrom(...NAMES, '', '# comment', 'alpha\nbeta')),
    newline: fc.boolean(),
    settings,
    file: fc.option(fc.array(line, { maxLength: 4 })),
    end: fc.constantFrom('\n', ''),
    mode: fc.constantFrom('0644', '0600'),
    zone: fc.constantFrom('/usr/share/zoneinfo/UTC', '../usr/share/zoneinfo/Europe/Berlin', '/nosuch'),
    zoneName: fc.option(fc.constantFrom('UTC\n', 'Europe/Berlin', '')),
    mounted: fc.option(fc.constantFrom('tmpfs', 'other')),
    alternatives: fc.constantFrom(...ALTERNATIVES),
    rules: fc.constantFrom(...RULES),
    answers: fc.constantFrom('', 'lbt lbt/name string Alice', 'lbt lbt/many multiselect a, b'),
    fstab: fc.option(
      fc.constantFrom('', `tmpfs ${MOUNT_POINT} tmpfs defaults 0 0\n`, `# mine\nother ${MOUNT_POINT} tmpfs ro`),
    ),
  })
  .map(({ live, kept, newline, settings, file, end, mode, zone, zoneName, mounted, fstab, ...more }) =>
    [
      `${EMPTY_ARENA} || exit`,
      sh`printf '%s\\n' ${live} >/proc/sys/kernel/hostname || exit`,
      sh`ln -s -f -n ${zone} /etc/localtime`,
      'update-alternatives --quiet --remove-all lbt 2>/dev/null; echo PURGE | debconf-communicate lbt >/dev/null 2>&1',
      more.alternatives,
      'iptables -F INPUT; iptables -F LBT 2>/dev/null; iptables -X LBT 2>/dev/null; iptables -P FORWARD ACCEPT',
      more.rules,
      ...(more.answers === '' ? [] : [sh`echo ${more.answers} | debconf-set-selections`]),
      zoneName === null ? 'rm -f /etc/timezone' : sh`printf %s ${zoneName} >/etc/timezone`,
      ...(mounted === null ? [] : [sh`mkdir -p ${MOUNT_POINT} && mount -t tmpfs ${mounted} ${MOUNT_POINT} || exit`]),
      ...(fstab === null ? [] : [sh`printf %s ${fstab} >${FSTAB}`]),
      kept === null ? 'rm -f /etc/hostname' : sh`printf %s ${`${kept}${newline ? '\n' : ''}`} >/etc/hostname`,
      ...Object.entries(settings).map(([key, value]) => sh`printf '%s\\n' ${value} >${pathOf(key)} || exit`),
      ...(file === null ? [] : [sh`printf %s ${file.join('\n') + end} >${KEPT} && chmod ${mode} ${KEPT}`]),
    ].join('\n'),
  )

const pathOf = (key: string): string => `/proc/sys/${key.replaceAll('.', '/')}`

export const LOOK = [
  'cat /proc/sys/kernel/hostname',
  'cat /etc/hostname 2>&1',
  'find /etc/hostname -printf "%m %U:%G %s\\n" 2>&1',
  ...Object.keys(KEYS).map((key) => sh`cat ${pathOf(key)}`),
  'iptables -S',
  'update-alternatives --query lbt 2>&1; readlink /usr/local/bin/lbt; debconf-show lbt 2>&1; echo GET lbt/pass | debconf-communicate lbt 2>&1',
  'readlink /etc/localtime; cat /etc/timezone 2>&1',
  sh`grep ${` ${MOUNT_POINT} `} /proc/self/mountinfo | cut -d ' ' -f 5-; cat ${FSTAB} 2>&1`,
  sh`find ${ARENA} -printf '%p|%y|%m|%U:%G\\n' | sort; cat ${KEPT} 2>&1; :`,
].join('; ')

const hostnameTask: fc.Arbitrary<TaskSpec> = fc.constantFrom(...NAMES).map((name) => ({
  module: 'hostname',
  params: { name },
  claim: sh`[ "$(uname -n)" = ${name} ] && [ "$(head -n 1 /etc/hostname)" = ${name} ]`,
}))

const sysctlTask: fc.Arbitrary<TaskSpec> = fc.oneof(
  fc
    .constantFrom(...Object.keys(KEYS))
    .chain((name) =>
      fc.record({
        name: fc.constantFrom(name, name.replaceAll('.', '/')),
        value: fc.constantFrom(...(KEYS[name] as string[])),
        reload: fc.constantFrom(true, true, false),
        key: fc.constant(name),
      }),
    )
    .map(({ key, ...params }) => ({
      module: 'sysctl' as const,
      params: { ...params, sysctl_file: KEPT },
      claim: [
        ...(params.reload
          ? [sh`[ "$(sysctl -n ${key} | tr '\t' ' ')" = ${params.value.replace('\t', ' ')} ] || exit 1`]
          : []),
        // Loading the file, as the next boot would do, gives the same value.
        sh`sysctl -p ${KEPT} 2>/dev/null; [ "$(sysctl -n ${key} | tr '\t' ' ')" = ${params.value.replace('\t', ' ')} ]`,
      ].join('\n'),
    })),
  fc.record({ name: fc.constantFrom(...Object.keys(KEYS)), state: fc.constant('absent') }).map((params) => ({
    module: 'sysctl' as const,
    params: { ...params, sysctl_file: KEPT },
    claim: sh`! grep -q ${`^[ -]*${params.name}`} ${KEPT}`,
  })),
  fc.record({ ignoreerrors: fc.boolean() }).map((params) => ({
    module: 'sysctl' as const,
    params: { ...params, name: 'net.ipv4.nosuch', value: 1, sysctl_file: KEPT },
  })),
)

const timezoneTask: fc.Arbitrary<TaskSpec> = fc
  .constantFrom('UTC', 'Etc/UTC', 'Europe/Berlin', 'No/Where')
  .map((name) => ({
    module: 'timezone',
    params: { name },
    // UTC itself is a link.
    claim: sh`[ "$(readlink -m /etc/localtime)" = "$(readlink -m ${`/usr/share/zoneinfo/${name}`})" ]`,
  }))

const mountTask: fc.Arbitrary<TaskSpec> = fc
  .record({
    state: fc.constantFrom('mounted', 'present', 'unmounted', 'absent', 'absent_from_fstab', 'remounted', 'ephemeral'),
    opts: fc.constantFrom('defaults', 'ro', 'size=1m'),
  })
  .map(({ state, opts }) => ({
    module: 'mount',
    params: { path: MOUNT_POINT, src: 'tmpfs', fstype: 'tmpfs', fstab: FSTAB, state, opts },
    // They remount what is mounted.
    always: state === 'remounted' || state === 'ephemeral',
    mayFail: true,
    claim:
      state === 'mounted' || state === 'ephemeral'
        ? sh`mountpoint -q ${MOUNT_POINT}`
        : state === 'present'
          ? sh`grep -q -x ${`tmpfs ${MOUNT_POINT} tmpfs ${opts} 0 0`} ${FSTAB}`
          : state === 'unmounted'
            ? sh`! mountpoint -q ${MOUNT_POINT}`
            : ':',
  }))

const alternativeTask: fc.Arbitrary<TaskSpec> = fc
  .record({
    path: fc.constantFrom('/bin/true', '/bin/false', '/nosuch'),
    state: fc.constantFrom('present', 'selected', 'auto', 'absent', undefined),
    priority: fc.constantFrom(undefined, 10, 70),
    link: fc.constantFrom('/usr/local/bin/lbt', undefined),
  })
  .map(({ path, state, priority, link }) => ({
    module: 'alternatives' as const,
    params: {
      name: 'lbt',
      path,
      ...(state !== undefined && { state }),
      ...(priority !== undefined && { priority }),
      ...(link !== undefined && { link }),
    },
    claim:
      state === 'absent'
        ? sh`! update-alternatives --list lbt 2>/dev/null | grep -q -x ${path}`
        : state === undefined || state === 'selected'
          ? sh`[ "$(readlink /etc/alternatives/lbt)" = ${path} ]`
          : sh`update-alternatives --list lbt | grep -q -x ${path}`,
  }))

/** The node has a separate packet filter. */
const ruleTask: fc.Arbitrary<TaskSpec> = fc.oneof(
  fc
    .record({
      chain: fc.constantFrom('INPUT', 'LBT'),
      destination_port: fc.constantFrom(81, 82),
      comment: fc.constantFrom(undefined, "it's one"),
      state: fc.constantFrom('present', 'absent'),
      action: fc.constantFrom('append', 'insert'),
    })
    .map(({ comment, ...params }) => ({
      module: 'iptables' as const,
      params: { ...params, protocol: 'tcp', jump: 'ACCEPT', ...(comment !== undefined && { comment }) },
      claim: sh`${{ raw: params.state === 'absent' ? '! ' : '' }}iptables -C ${params.chain} -p tcp --dport ${params.destination_port} ${comment === undefined ? [] : ['-m', 'comment', '--comment', comment]} -j ACCEPT 2>/dev/null`,
    })),
  fc
    .constantFrom(
      { chain: 'LBT', chain_management: true },
      { chain: 'LBT', flush: true },
      { chain: 'FORWARD', policy: 'DROP' },
    )
    .map((params) => ({ module: 'iptables' as const, params })),
)

const debconfTask: fc.Arbitrary<TaskSpec> = fc
  .constantFrom(
    { question: 'lbt/name', vtype: 'string', value: "it's $x" },
    { question: 'lbt/name', vtype: 'string', value: 'Alice' },
    { question: 'lbt/on', vtype: 'boolean', value: true },
    { question: 'lbt/many', vtype: 'multiselect', value: ['b', 'a'] },
    { question: 'lbt/pass', vtype: 'password', value: 'geheim-12' },
  )
  .map((params) => ({
    module: 'debconf' as const,
    params: { name: 'lbt', ...params },
    claim: sh`[ "$(echo ${`GET ${params.question}`} | debconf-communicate lbt)" = ${`0 ${Array.isArray(params.value) ? 'a, b' : String(params.value)}`} ]`,
  }))

export const hostTasks: fc.Arbitrary<TaskSpec> = fc.oneof(
  { weight: 1, arbitrary: timezoneTask },
  { weight: 1, arbitrary: alternativeTask },
  { weight: 1, arbitrary: debconfTask },
  { weight: 2, arbitrary: ruleTask },
  { weight: 2, arbitrary: mountTask },
  { weight: 1, arbitrary: hostnameTask },
  { weight: 3, arbitrary: sysctlTask },
)

/** Each name and each parameter occurs once. */
export function settledHost(tasks: readonly TaskSpec[]): boolean {
  const names = tasks.map(({ module, params }) =>
    ['hostname', 'timezone', 'mount', 'alternatives', 'debconf', 'iptables'].includes(module)
      ? module
      : String(params['name']).replaceAll('/', '.'),
  )
  return new Set(names).size === names.length
}
