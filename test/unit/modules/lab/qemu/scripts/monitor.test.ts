import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import t from 'tap'
import { monitorFunction } from '../../../../../../src/modules/lab/qemu/scripts/monitor.ts'

t.test('lab_monitor sends commands in order and fails on an error', async (t) => {
  const socket = `${tmpdir()}/labbook-monitor-${process.pid}`
  const received: string[] = []
  const server = createServer((connection) => {
    connection.write('{"QMP": {}}\n')
    connection.on('data', (chunk) => {
      for (const text of String(chunk).split('\n').filter(Boolean)) {
        const { execute, arguments: args } = JSON.parse(text) as {
          execute: string
          arguments?: Record<string, string>
        }
        if (execute === 'qmp_capabilities') {
          connection.write('{"return": {}}\n')
          continue
        }
        const command = args?.['command-line'] ?? ''
        received.push(command)
        // In two chunks, after an event, as QEMU may send it.
        connection.write('{"event": "STOP"}\n{"ret')
        connection.write(
          `urn": ${JSON.stringify(command.startsWith('savevm full') ? 'Error: No space left\r\n' : command === 'info status' ? 'VM status: running\r\n' : '')}}\n`,
        )
      }
    })
  }).listen(socket)
  t.teardown(() => server.close())
  const ask = (...commands: string[]) =>
    new Promise<{ code: number | null; out: string }>((resolve) => {
      void import('node:child_process').then(({ execFile }) => {
        execFile(
          'sh',
          ['-c', `${monitorFunction}lab_monitor "$@"`, 'sh', socket, ...commands],
          (error, stdout, stderr) =>
            resolve({ code: error === null ? 0 : Number(error.code), out: `${stdout}${stderr}` }),
        )
      })
    })
  t.strictSame(await ask('stop', 'info status', 'cont'), { code: 0, out: 'VM status: running\n' })
  t.strictSame(await ask('stop', 'savevm full', 'cont'), { code: 1, out: 'savevm full: Error: No space left\n' })
  t.strictSame(received, ['stop', 'info status', 'cont', 'stop', 'savevm full'])
  server.close()
  t.match(await ask('stop'), { code: 1, out: /cannot connect to the monitor/ })
})
