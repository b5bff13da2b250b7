import { sh } from '../../../../shell/quote.ts'

/**
 * Sends commands to the monitor of a virtual machine: `SOCKET COMMAND...`, each a line for QEMU's human monitor. Prints
 * the answers; an error goes to stderr, with exit code 1. Runs in Node, which Labbook requires anyway.
 */
const program = String.raw`
const [path, ...commands] = process.argv.slice(1)
const socket = require('node:net').connect(path)
let rest = '', next = -1
const fail = (why) => { console.error(why); process.exit(1) }
const send = (execute, args) => socket.write(JSON.stringify({ execute, ...(args ? { arguments: args } : {}) }) + '\n')
const step = () => {
  next += 1
  if (next < commands.length) send('human-monitor-command', { 'command-line': commands[next] })
  else socket.end(() => process.exit(0))
}
socket.setTimeout(240000, () => fail('no answer from the monitor'))
socket.on('error', (error) => fail('cannot connect to the monitor: ' + error.message))
socket.on('close', () => fail('the monitor closed the connection'))
socket.on('data', (chunk) => {
  rest += chunk
  for (let at = rest.indexOf('\n'); at !== -1; at = rest.indexOf('\n')) {
    const answer = JSON.parse(rest.slice(0, at))
    rest = rest.slice(at + 1)
    if ('QMP' in answer) send('qmp_capabilities')
    else if ('error' in answer) fail(answer.error.desc)
    else if ('return' in answer) {
      const text = typeof answer.return === 'string' ? answer.return.replaceAll('\r', '').trim() : ''
      if (/^(error|could not|invalid|unknown|device .* (not|is)|command .* not|snapshot .* (not|does)|while )/i.test(text)) fail(commands[next] + ': ' + text)
      if (text !== '') console.log(text)
      step()
    }
  }
})
`

/** Shell function `lab_monitor SOCKET COMMAND...`. */
export const monitorFunction = sh`
lab_monitor() { ${process.execPath} -e ${program} "$@" 8>&- 9>&-; }
`
