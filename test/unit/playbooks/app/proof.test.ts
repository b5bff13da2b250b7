import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { waitForStack } from '../../../../playbooks/app/proof.ts'
import type { SetupContext, WatchResult } from '../../../../src/labbook.ts'

/** An app that fails the first requests. */
async function app(t: Test, failing: number): Promise<number> {
  let requests = 0
  const server: Server = createServer((_request, response) => {
    response.writeHead(requests++ < failing ? 503 : 200).end(JSON.stringify({ count: 1, replica: 'a', node: 'node1' }))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.teardown(() => {
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A context whose clock advances with each poll of the stack. */
function on(t: Test, port: number, secondsPerPoll: number): SetupContext {
  const now = Date.now
  let passed = 0
  t.intercept(Date, 'now', { value: () => now() + passed })
  return {
    groups: { swarm: ['node1'] },
    timeoutMultiplier: 1,
    signal: new AbortController().signal,
    hostvars: () => ({ ansible_host: '127.0.0.1', counter_port: port }),
    watch: async () => {
      passed += secondsPerPoll * 1000
      return { reached: true } as WatchResult
    },
  } as unknown as SetupContext
}

t.test('endpoint timeout starts when all tasks run', async (t) => {
  t.strictSame(await waitForStack(on(t, await app(t, 3), 50)), [])
})

t.test('waitForStack() returns the errors of endpoints that keep failing', async (t) => {
  t.strictSame(await waitForStack(on(t, await app(t, Infinity), 50)), ['status 503', 'status 503', 'status 503'])
})
