import { quote, sh } from '../../shell/quote.ts'

/** Sets `lb_tool` to a program that can connect to a port. Every Debian has bash; others have python3, curl or nc. */
export const PROBE_TOOLS = [
  'lb_tool=; for lb_t in bash python3 curl nc; do command -v "$lb_t" >/dev/null && { lb_tool=$lb_t; break; }; done',
  `[ -n "$lb_tool" ] || { echo 'cannot test a port: none of bash, python3, curl, nc found on this host' >&2; exit 127; }`,
].join('\n')

const PYTHON = 'import socket, sys; s = socket.create_connection((sys.argv[1], int(sys.argv[2])), int(sys.argv[3]))'
const PYTHON_READ = `${PYTHON}; sys.stdout.buffer.write(s.recv(65536))`

/**
 * A shell condition, in braces: a port accepts connections; with a pattern, the server's first output matches.
 * @param seconds - timeout to connect and to receive output
 */
export function portCondition(host: string, port: number, seconds: number, pattern?: string): string {
  const attempt =
    pattern === undefined
      ? connect(host, port, seconds)
      : `{ ${receive(host, port, seconds)}; } | grep -q -E -e ${quote(pattern)}`
  return `{ { ${attempt}; } 2>/dev/null; }`
}

const connect = (host: string, port: number, seconds: number): string =>
  [
    'case $lb_tool in',
    sh`bash) timeout ${seconds} bash -c ${'exec 3<>"/dev/tcp/$0/$1"'} ${host} ${port} ;;`,
    sh`python3) python3 -c ${PYTHON} ${host} ${port} ${seconds} ;;`,
    // curl times out even if it connected: a connect time other than zero shows that it did.
    'curl)',
    sh`lb_took=$(curl ${['-q', '-s', '-o', '/dev/null', '--connect-timeout', seconds, '--max-time', '1', '-w', '%{time_connect}']} \\`,
    sh`  ${`telnet://${host}:${port}`} </dev/null)`,
    '[ "${lb_took#*[1-9]}" != "$lb_took" ] ;;',
    // busybox nc has no -z, but can run a program on the connection.
    sh`nc) nc -z -w ${seconds} ${host} ${port} </dev/null || nc -w ${seconds} ${host} ${port} -e true </dev/null ;;`,
    'esac',
  ].join('\n')

const receive = (host: string, port: number, seconds: number): string =>
  [
    'case $lb_tool in',
    sh`bash) timeout ${seconds} bash -c ${'exec 3<>"/dev/tcp/$0/$1" && cat <&3'} ${host} ${port} ;;`,
    sh`nc) nc -w ${seconds} ${host} ${port} </dev/null ;;`,
    sh`python3) python3 -c ${PYTHON_READ} ${host} ${port} ${seconds} ;;`,
    sh`curl) curl -q -s --connect-timeout ${seconds} --max-time ${seconds} ${`telnet://${host}:${port}`} </dev/null ;;`,
    'esac',
  ].join('\n')
