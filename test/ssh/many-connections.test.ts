import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { type Connection } from '../../src/connection/connection.ts'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { addAccount } from '../support/accounts.ts'
import { until } from '../support/processes.ts'
import { startSshd, type Sshd } from '../support/sshd.ts'

const account = addAccount()
t.teardown(() => account.remove())

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

/** Opens connections to one sshd, all at once, and runs a script on each. */
async function answers(t: Test, sshd: Sshd, count: number, more: Record<string, unknown> = {}): Promise<string[]> {
  const connections: Connection[] = []
  t.teardown(() => Promise.all(connections.map((connection) => connection.close())))
  return Promise.all(
    numbers(count).map(async (number) => {
      const connection = openConnection(
        connectionSettings(
          `node${number}`,
          sshd.vars({ ansible_user: account.name, ansible_ssh_timeout: 60, ...more }),
        ),
      )
      connections.push(connection)
      return (await connection.exec(`echo ${number}`, { timeLimitSeconds: 60 })).stdout.toString().trim()
    }),
  )
}

t.test('none of 200 connections to an sshd with default settings is rejected', async (t) => {
  const sshd = await startSshd()
  t.teardown(() => sshd.stop())
  t.same(await answers(t, sshd, 200), numbers(200).map(String))
  t.notMatch(sshd.log(), /MaxStartups/)
  t.equal(sshd.connections().length, 200, 'all connections are open at the same time')
})

t.test('logins rejected by sshd are retried with lower concurrency', async (t) => {
  const sshd = await startSshd({ config: ['MaxStartups 2:100:2', 'LogLevel VERBOSE'] })
  t.teardown(() => sshd.stop())
  t.same(await answers(t, sshd, 20), numbers(20).map(String))
  t.match(sshd.log(), /MaxStartups throttling/, 'sshd rejected some logins')
  // sshd logs a rejected login before it accepts the next one.
  await until('the log has come', () => [...sshd.log().matchAll(/^Accepted publickey /gm)].length === 20)
  const before = sshd.log().length
  t.same(await answers(t, sshd, 20), numbers(20).map(String))
  t.notMatch(sshd.log().slice(before), /past MaxStartups/, 'the limit of this sshd is remembered')
})

t.test('an sshd that rejects every login is reported with its message', async (t) => {
  const sshd = await startSshd({ config: ['MaxStartups 1:100:1', 'LoginGraceTime 60'] })
  t.teardown(() => sshd.stop())
  const guest = connect(sshd.port, '127.0.0.1')
  t.teardown(() => guest.destroy())
  // It occupies the only login slot of sshd.
  await new Promise((resolve) => guest.once('data', resolve))
  await t.rejects(answers(t, sshd, 1, { ansible_ssh_timeout: 8 }), {
    name: 'Unreachable',
    lost: false,
    began: false,
    message:
      /^node1: 127.0.0.1 port \d+ closed the connection before the handshake and printed: Exceeded MaxStartups\. .* MaxStartups/,
  })
  guest.destroy()
})
