import { raw, sh } from '../../shell/quote.ts'
import { CONTAINERD_CONFIG, IMPORTS_DROP_INS } from './containerd.ts'
import {
  K3S_BINARY,
  K3S_CONFIG_DIR,
  K3S_DATA,
  K3S_STATE_DIR,
  KMSG_TMPFILE,
  READ_AT_START,
  START_CHECKSUMS,
  dropInOf,
  unitFileOf,
  unitOf,
  type Role,
} from './paths.ts'
import { parseVersion, type K3sVersion } from './version.ts'

/** Record of the installation: checksums of the installer and of the unit it wrote. */
export const INSTALL_RECORD = `${K3S_STATE_DIR}/installed`

/** The state of k3s on a machine. */
export interface K3sState {
  /** Checksums; undefined if the file is missing. */
  readonly binary: string | undefined
  readonly staged: string | undefined
  readonly script: string | undefined
  readonly version: K3sVersion | undefined
  /** Checksum of each existing unit. */
  readonly units: Readonly<Partial<Record<Role, string>>>
  readonly record: { readonly installer?: string; readonly unit?: string }
  readonly active: boolean
  readonly enabled: boolean
  /** Checksums of files when k3s started. Undefined if unknown. */
  readonly started: ReadonlyMap<string, string> | undefined
  readonly now: ReadonlyMap<string, string>
  /** Whether containerd's configuration imports its drop-ins. Undefined if k3s has not generated it. */
  readonly importsDropIns: boolean | undefined
  /** Paths that a removal deletes. */
  readonly traces: readonly string[]
}

const ROLES: readonly Role[] = ['server', 'agent']

/** Paths that only k3s creates; empty directories do not count. */
const TRACES = [
  K3S_BINARY,
  K3S_CONFIG_DIR,
  K3S_DATA,
  K3S_STATE_DIR,
  '/etc/rancher/node',
  START_CHECKSUMS,
  KMSG_TMPFILE,
  ...ROLES.flatMap((role) => [unitFileOf(role), dropInOf(role), `/usr/local/bin/${unitOf(role)}-uninstall.sh`]),
]

/** Without any of the above, these belong to other programs: kubeadm's kubelet, podman's networks. */
const SHARED = ['/var/lib/kubelet', '/var/lib/cni', '/etc/cni/net.d/10-flannel.conflist']

const sumOf = (key: string, file: string): string =>
  file === '' ? '' : sh`[ -f ${file} ] && printf '%s %s\n' ${key} "$(sha256sum <${file} | cut -c 1-64)"`

/** A script that prints the state of k3s. */
export const stateScript = ({
  role,
  binary,
  installer,
}: {
  readonly role: Role
  readonly binary: string
  readonly installer: string
}): string =>
  [
    'command -v systemctl >/dev/null || exit 127',
    sumOf('binary', K3S_BINARY),
    sh`[ -x ${K3S_BINARY} ] && ${K3S_BINARY} --version 2>/dev/null | sed -n '1s/^/version /p'`,
    sumOf('staged', binary),
    sumOf('script', installer),
    ...ROLES.map((each) => sumOf(`unit-${each}`, unitFileOf(each))),
    sh`[ -r ${INSTALL_RECORD} ] && sed 's/^/record /' ${INSTALL_RECORD}`,
    sh`systemctl show -p ActiveState,UnitFileState -- ${`${unitOf(role)}.service`}`,
    sh`[ -r ${START_CHECKSUMS} ] && sed 's/^/started /' ${START_CHECKSUMS} && echo 'started-known'`,
    sh`sha256sum -- ${READ_AT_START} 2>/dev/null | sed 's/^/now /'`,
    sh`[ -s ${CONTAINERD_CONFIG} ] && { ${raw(IMPORTS_DROP_INS)} && echo 'containerd-imports yes' || echo 'containerd-imports no'; }`,
    ...(
      [
        ['trace', TRACES],
        ['shared', SHARED],
      ] as const
    ).flatMap(([key, paths]) => [
      sh`for lb_path in ${paths}; do`,
      '  if [ -d "$lb_path" ] && [ ! -L "$lb_path" ]; then [ -n "$(ls -A -- "$lb_path")" ] || continue; elif [ ! -e "$lb_path" ] && [ ! -L "$lb_path" ]; then continue; fi',
      sh`  printf '%s %s\n' ${key} "$lb_path"`,
      'done',
    ]),
    ':',
  ]
    .filter((line) => line !== '')
    .join('\n')

/** Parses the output of {@link stateScript}. */
export function parseState(stdout: string): K3sState {
  const all = (key: string): string[] =>
    [...stdout.matchAll(new RegExp(`^${key}[ =](.*)$`, 'gm'))].map(([, rest = '']) => rest)
  const one = (key: string): string | undefined => all(key)[0]
  const sums = (key: string): Map<string, string> =>
    new Map(all(key).map((line) => [line.slice(66), line.slice(0, 64)]))
  const record: K3sState['record'] = Object.fromEntries(
    all('record').map((line) => line.split(' ') as [string, string]),
  )
  const units = Object.fromEntries(
    ROLES.flatMap((role) => {
      const found = one(`unit-${role}`)
      return found === undefined ? [] : [[role, found]]
    }),
  )
  return {
    binary: one('binary'),
    staged: one('staged'),
    script: one('script'),
    version: parseVersion(one('version') ?? ''),
    units,
    record,
    active: one('ActiveState') === 'active',
    enabled: one('UnitFileState') === 'enabled',
    started: /^started-known$/m.test(stdout) ? sums('started') : undefined,
    now: sums('now'),
    importsDropIns: one('containerd-imports') === undefined ? undefined : one('containerd-imports') === 'yes',
    traces: all('trace').length === 0 ? [] : [...all('trace'), ...all('shared')],
  }
}
