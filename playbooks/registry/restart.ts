import { sh } from '../../src/shell/quote.ts'

/** Longer than the registry's own `draintimeout`. */
const STOP_SECONDS = 75

/**
 * Shell text that restarts the registry so that no pull and no push fails. Told to stop, the registry ends the requests
 * that are under way (`draintimeout`). Who wants to connect meanwhile is not refused: the first packet is dropped, and
 * his kernel sends it again a second later, when the new registry listens. In the table `mangle`, which comes before
 * Docker's own translation of the port; only what is for an address of this machine, so that Docker's proxy reaches the
 * container, and not for loopback, to see when it listens. A rule that a killed shell leaves behind goes by itself.
 */
export function gracefulRestart(container: string, port: number): string {
  const rules = ['PREROUTING', 'OUTPUT']
  const rule = (verb: '-I' | '-D', chain: string): string =>
    sh`iptables -w 10 -t mangle ${verb} ${chain} -p tcp --syn --dport ${port} ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -m comment --comment labbook-registry -j DROP`
  const open = rules.map((chain) => `${rule('-D', chain)} 2>/dev/null`).join('; ')
  return [
    `open() { ${open}; }`,
    `trap open EXIT`,
    // Without iptables nothing is held back; the restart takes a second all the same.
    `if command -v iptables >/dev/null; then (sleep 120; open) >/dev/null 2>&1 </dev/null & ${rules.map((chain) => rule('-I', chain)).join(' && ')}; fi`,
    sh`docker restart --time ${STOP_SECONDS} ${container} >/dev/null || exit`,
    'tries=0',
    sh`until curl -ks -o /dev/null ${`https://127.0.0.1:${port}/v2/`}; do`,
    '  tries=$((tries + 1)); [ "$tries" -le 100 ] || { echo "the registry does not listen 10 s after its restart" >&2; exit 1; }',
    '  sleep 0.1',
    'done',
  ].join('\n')
}
