import fc from 'fast-check'
import { sh } from '../../src/shell/quote.ts'
import { ARENA } from './arena.ts'
import type { TaskSpec } from './harness.ts'

/* The host's name and kernel settings that are the node's own (of its network namespace). */

const KEPT = `${ARENA}/sysctl.conf`
const KEYS: Readonly<Record<string, readonly string[]>> = {
  'net.ipv4.ip_default_ttl': ['64', '65'],
  'net.ipv4.ip_local_port_range': ['32768\t60999', '20000 60000'],
  'net.ipv4.conf.lo.log_martians': ['0', '1'],
}
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
  })
  .map(({ live, kept, newline, settings, file, end, mode }) =>
    [
      sh`rm -rf ${ARENA} && mkdir -m 0755 ${ARENA} && printf '%s\\n' ${live} >/proc/sys/kernel/hostname || exit`,
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

export const hostTasks: fc.Arbitrary<TaskSpec> = fc.oneof(
  { weight: 1, arbitrary: hostnameTask },
  { weight: 3, arbitrary: sysctlTask },
)

/** Each name and each parameter occurs once. */
export function settledHost(tasks: readonly TaskSpec[]): boolean {
  const names = tasks.map(({ module, params }) =>
    module === 'hostname' ? module : String(params['name']).replaceAll('/', '.'),
  )
  return new Set(names).size === names.length
}
