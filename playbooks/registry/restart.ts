import { sh } from 'labbook'

/** Longer than the registry's own `draintimeout`. */
const STOP_SECONDS = 75

/**
 * Shell code that restarts the registry without failing a pull or push. On stop, the registry completes requests in
 * progress (`draintimeout`). New connections are not refused: their SYN packets are dropped, and the client's kernel
 * retransmits a second later, when the new registry listens. The rule is in table `mangle`, before Docker's port
 * translation. It matches only local addresses, so that Docker's proxy reaches the container, and not loopback, which
 * probes whether the registry listens. A rule left by a killed shell is removed after 120 s.
 */
export function gracefulRestart(container: string, port: number): string {
  const rules = ['PREROUTING', 'OUTPUT']
  const rule = (verb: '-I' | '-D', chain: string): string =>
    sh`iptables -w 10 -t mangle ${verb} ${chain} -p tcp --syn --dport ${port} ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -m comment --comment labbook-registry -j DROP`
  const open = rules.map((chain) => `${rule('-D', chain)} 2>/dev/null`).join('; ')
  return [
    `open() { ${open}; }`,
    `trap open EXIT`,
    // Without iptables, connections are refused for the second that the restart takes.
    `if command -v iptables >/dev/null; then (sleep 120; open) >/dev/null 2>&1 </dev/null & ${rules.map((chain) => rule('-I', chain)).join(' && ')}; fi`,
    sh`docker restart --time ${STOP_SECONDS} ${container} >/dev/null || exit`,
    'tries=0',
    sh`until curl -ks -o /dev/null ${`https://127.0.0.1:${port}/v2/`}; do`,
    '  tries=$((tries + 1)); [ "$tries" -le 100 ] || { echo "the registry does not listen 10 s after its restart" >&2; exit 1; }',
    '  sleep 0.1',
    'done',
  ].join('\n')
}
