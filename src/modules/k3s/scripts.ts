import { sh } from '../../shell/quote.ts'
import { containerdFunctions } from './containerd.ts'
import { INSTALL_RECORD } from './state.ts'
import {
  K3S_BINARY,
  K3S_CONFIG_DIR,
  K3S_DATA,
  K3S_STATE_DIR,
  K3S_KUBECONFIG,
  KMSG_TMPFILE,
  START_CHECKSUMS,
  dropInOf,
  unitFileOf,
  unitOf,
} from './paths.ts'

/** The parameters of `k3s` for a machine that runs it. */
export interface DesiredK3s {
  readonly role: 'server' | 'agent'
  readonly version: string
  readonly binary: string
  readonly binary_sha256: string
  readonly installer: string
  readonly installer_sha256: string
  readonly node_name: string
  readonly ready_seconds: number
  readonly reset_command?: string | undefined
}

const sumIs = (file: string, sum: string): string =>
  sh`[ "$(sha256sum <${file} | cut -c 1-64)" = ${sum} ] || { echo ${`checksum mismatch: ${file}`} >&2; exit 1; }`

/**
 * Installs the binary, then runs the installer, which writes the unit and the uninstall scripts. The installer
 * downloads and starts nothing, and gets a clean environment: it would copy K3S_* variables to the unit's environment
 * file.
 */
export const installScript = ({ role, binary, binary_sha256, installer, installer_sha256 }: DesiredK3s): string =>
  [
    sumIs(binary, binary_sha256),
    sumIs(installer, installer_sha256),
    // Rename: a running binary cannot be overwritten.
    sh`lb_new=${`${K3S_BINARY}.labbook.new`}`,
    sh`mkdir -p /usr/local/bin && cp -- ${binary} "$lb_new" && chmod 755 -- "$lb_new" && sync -- "$lb_new" && mv -f -- "$lb_new" ${K3S_BINARY} || exit`,
    // It may contain the token of a manual installation.
    sh`rm -f -- ${`${unitFileOf(role)}.env`}`,
    sh`env -i PATH="$PATH" HOME=/root LANG=C.UTF-8 INSTALL_K3S_SKIP_DOWNLOAD=true INSTALL_K3S_SKIP_START=true INSTALL_K3S_SKIP_SELINUX_RPM=true INSTALL_K3S_SELINUX_WARN=true INSTALL_K3S_BIN_DIR=/usr/local/bin INSTALL_K3S_EXEC=${role} sh ${installer} >&2 || { echo 'the k3s installer failed' >&2; exit 1; }`,
    sh`[ -f ${unitFileOf(role)} ] || { echo ${`the k3s installer wrote no ${unitFileOf(role)}: check that it is install.sh of k3s`} >&2; exit 1; }`,
    sh`printf 'installer %s\nunit %s\n' ${installer_sha256} "$(sha256sum <${unitFileOf(role)} | cut -c 1-64)" >${`${INSTALL_RECORD}.new`} && mv -f -- ${`${INSTALL_RECORD}.new`} ${INSTALL_RECORD} || exit`,
  ].join('\n')

/** Error messages of k3s at start, and hints. */
const HINTS: readonly (readonly [message: string, hint: string])[] = [
  [
    'Node password rejected',
    'the cluster has a node of this name with another password, for example of a machine that was reinstalled. On a server run: k3s kubectl -n kube-system delete secret NODE.node-password.k3s',
  ],
  ['token CA hash does not match', 'the token belongs to another cluster: reset this machine first'],
  [
    'encrypted with different token',
    'the data on this machine belongs to a cluster with another token: reset it first',
  ],
  ['address already in use', 'another program uses a port that k3s needs'],
  [
    'operation not permitted',
    'the machine denies a permission that k3s needs: is it a container without capabilities?',
  ],
  ['cgroup', 'k3s needs the cgroup controllers memory, cpu, cpuset and pids'],
]

/** The line of k3s' log that says why it ended; other programs of the unit, such as modprobe, log after it. */
const FATAL = String.raw`sed -n '/level=fatal/{s/.*level=fatal msg=//; s/^"\(.*\)"$/\1/; s/\\"/"/g; p;}'`

/**
 * Shell function `lb_why SUMMARY`: prints the last log lines of a unit, then the summary, the reason and a hint, and
 * exits.
 */
const explainFailure = (unit: string): string =>
  [
    'lb_why() {',
    sh`  lb_log=$(journalctl --no-pager -o cat -n 200 --since "@$lb_begin" -u ${unit}); printf '%s\n' "$lb_log" | tail -n 15 >&2`,
    `  lb_reason=$(printf '%s\\n' "$lb_log" | ${FATAL} | tail -n 1)`,
    '  [ -n "$lb_reason" ] || lb_reason=$(printf \'%s\\n\' "$lb_log" | grep -v modprobe | grep . | tail -n 1)',
    '  lb_hint=',
    '  case $lb_reason in',
    ...HINTS.map(([message, hint]) => sh`    *${message}*) lb_hint=${`; ${hint}`} ;;`),
    '  esac',
    '  printf \'%s: %s%s\\n\' "$1" "${lb_reason:-its log is empty}" "$lb_hint" >&2',
    '  exit 1',
    '}',
  ].join('\n')

/**
 * Starts or restarts k3s and waits for its node to be Ready. The unit itself would wait for a server forever. A lost
 * node stays Ready for about 40 s: so the kubelet's heartbeat must be newer than the start. Starts it once more if
 * containerd did not read our drop-ins.
 */
export function startScript({ role, node_name, ready_seconds }: DesiredK3s, restart = true): string {
  const unit = unitOf(role)
  const kubeconfig = role === 'server' ? K3S_KUBECONFIG : `${K3S_DATA}/agent/kubelet.kubeconfig`
  const condition = '.status.conditions[?(@.type=="Ready")]'
  const ready = `{${condition}.status} {${condition}.lastHeartbeatTime}`
  return [
    'systemctl daemon-reload || exit',
    sh`systemctl enable -- ${unit} >&2 || exit`,
    containerdFunctions(),
    explainFailure(unit),
    sh`lb_restarts() { systemctl show -p NRestarts --value -- ${unit}; }`,
    'lb_ready() { [ "${1:-}" = True ] && printf \'%s\\n%s\\n\' "$lb_since" "${2:-}" | sort -c 2>/dev/null; }',
    'lb_start() {',
    sh`  systemctl reset-failed -- ${unit} 2>/dev/null`,
    '  lb_since=$(date -u +%Y-%m-%dT%H:%M:%SZ) lb_begin=$(date +%s)',
    sh`  systemctl "$1" --no-block -- ${unit} || exit`,
    `  lb_end=$((lb_begin + ${Math.ceil(ready_seconds)})) lb_before=$(lb_restarts)`,
    '  while :; do',
    sh`    if [ "$(systemctl show -p ActiveState --value -- ${unit})" = active ] &&`,
    sh`      lb_ready $(timeout 10 ${K3S_BINARY} kubectl --kubeconfig ${kubeconfig} get node ${node_name} -o ${`jsonpath=${ready}`} 2>/dev/null); then break; fi`,
    sh`    if [ "$(systemctl show -p ActiveState --value -- ${unit})" = failed ] || [ $(( $(lb_restarts) - lb_before )) -ge 5 ]; then lb_why ${`${unit} keeps failing`}; fi`,
    sh`    [ "$(date +%s)" -lt "$lb_end" ] || lb_why ${`node ${node_name} was not Ready within ${ready_seconds} s`}`,
    '    sleep 1',
    '  done',
    '}',
    'lb_drop_template',
    `lb_start ${restart ? 'restart' : 'start'}`,
    'if lb_needs_template; then',
    '  lb_add_template; lb_start restart; lb_await_config',
    '  ! lb_needs_template || { echo "containerd of this k3s reads no drop-ins: use another version of k3s, or a machine with CAP_SYS_RESOURCE" >&2; exit 1; }',
    'fi',
  ].join('\n')
}

const UNINSTALL = ['k3s-agent', 'k3s'].map((unit) => `/usr/local/bin/${unit}-uninstall.sh`)

/**
 * Removes k3s: runs its uninstall scripts, then deletes the rest. Works for a partial installation. Directories that
 * are mount points are only emptied.
 */
export const removeScript = [
  sh`for lb_script in ${UNINSTALL}; do if [ -x "$lb_script" ]; then "$lb_script" >&2 </dev/null || { printf '%s failed\n' "$lb_script" >&2; exit 1; }; fi; done`,
  'for lb_unit in k3s k3s-agent; do systemctl disable --now -- "$lb_unit" >/dev/null 2>&1; done',
  'lb_empty() { [ ! -d "$1" ] || { find "$1" -xdev -mindepth 1 -delete; rmdir -- "$1" 2>/dev/null; :; }; }',
  // Mounts of pods keep their directories busy.
  `sed -n 's#^[^ ]* \\(/var/lib/kubelet/[^ ]*\\|/run/k3s/[^ ]*\\|/var/lib/rancher/k3s/[^ ]*\\) .*#\\1#p' /proc/self/mounts | sort -r | while IFS= read -r lb_mount; do umount -l -- "$lb_mount"; done`,
  sh`for lb_folder in ${K3S_DATA} /var/lib/kubelet /var/lib/cni ${K3S_CONFIG_DIR} /etc/rancher/node /run/k3s /run/flannel; do lb_empty "$lb_folder" || exit; done`,
  'rmdir -- /etc/rancher 2>/dev/null',
  sh`rm -rf -- ${K3S_STATE_DIR} ${[dropInOf('server'), dropInOf('agent')].map((file) => file.replace(/\/[^/]*$/, ''))} || exit`,
  sh`rm -f -- ${K3S_BINARY} ${START_CHECKSUMS} ${[unitFileOf('server'), unitFileOf('agent')].flatMap((file) => [file, `${file}.env`])} /etc/cni/net.d/10-flannel.conflist ${UNINSTALL} /usr/local/bin/k3s-killall.sh || exit`,
  // The placeholder for the kernel log.
  sh`if [ -e ${KMSG_TMPFILE} ]; then rm -f -- ${KMSG_TMPFILE}; [ ! -L /dev/kmsg ] || rm -f /dev/kmsg; fi`,
  'for lb_link in kubectl crictl ctr; do [ "$(readlink "/usr/local/bin/$lb_link")" != k3s ] || rm -f -- "/usr/local/bin/$lb_link"; done',
  'systemctl daemon-reload',
].join('\n')
