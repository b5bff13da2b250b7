import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { wait_for } from '../../../../src/modules/core/wait_for.ts'
import { converge, runIn, type Shell } from '../../../support/shells.ts'
import { keepSilent, serve } from '../http-server.ts'
import { inEachShell } from '../each-shell.ts'

const closedPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const problem = (shell: Shell, params: object): string | undefined =>
  converge(shell, wait_for, { timeout: 0, ...params }).before.problem

t.test('wait_for waits for a path', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, "it's")
    t.equal(problem(shell, { path }), `timed out after 0 s: ${path} is not started`)
    t.equal(problem(shell, { path, state: 'absent' }), undefined)
    writeFileSync(path, 'one\ntwo 22\n')
    t.equal(problem(shell, { path }), undefined)
    t.equal(problem(shell, { path, search_regex: '^two [0-9]+$' }), undefined)
    t.equal(problem(shell, { path, search_regex: '^two\\s\\d+?$' }), undefined)
    t.equal(problem(shell, { path, search_regex: '^three', msg: 'never came to three' }), 'never came to three')
    t.equal(problem(shell, { path, state: 'absent' }), `timed out after 0 s: ${path} is not absent`)
    const link = join(folder, 'link')
    symlinkSync('nowhere', link)
    t.equal(problem(shell, { path: link }), `timed out after 0 s: ${link} is not started`, 'a dangling link')
    t.equal(problem(shell, { path: link, state: 'absent' }), undefined, 'a dangling link')
    writeFileSync(join(folder, 'nowhere'), '')
    t.equal(problem(shell, { path: link }), undefined)
  })
})

t.test('wait_for detects a path that is created meanwhile', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'a')
    const { definition } = wait_for
    const probe = definition.probe(definition.schema.parse({ path, sleep: 0.1, timeout: 60 }), {})
    const late: typeof wait_for = Object.assign(
      () => {
        throw new Error('unused')
      },
      {
        definition: { ...definition, probe: () => `( sleep 0.3; : >${path} ) >/dev/null 2>&1 &\n${probe}` },
      },
    )
    t.equal(converge(shell, late, { path }).before.problem, undefined)
  })
})

t.test('wait_for waits for a port', async (t) => {
  const open = await serve(t)
  const closed = await closedPort()
  inEachShell(t, (t, shell) => {
    t.equal(problem(shell, { port: open }), undefined)
    t.equal(problem(shell, { port: open, host: 'localhost' }), undefined)
    t.equal(problem(shell, { port: closed }), `timed out after 0 s: 127.0.0.1:${closed} is not started`)
    t.equal(problem(shell, { port: closed, state: 'stopped' }), undefined)
    t.equal(problem(shell, { port: open, state: 'stopped' }), `timed out after 0 s: 127.0.0.1:${open} is not stopped`)
  })
})

t.test('wait_for tests a port with any available tool', async (t) => {
  const open = await keepSilent(t)
  const closed = await closedPort()
  const tools: Record<string, string> = {
    bash: '/usr/bin/bash',
    nc: '/usr/bin/busybox',
    python3: '/usr/bin/python3',
    curl: '/usr/bin/curl',
  }
  inEachShell(t, (t, shell, folder) => {
    for (const [tool, at] of Object.entries(tools)) {
      if (!existsSync(at)) continue
      const bin = join(folder, tool)
      mkdirSync(bin)
      for (const basic of ['timeout', 'sleep', 'grep', 'true']) symlinkSync(`/usr/bin/${basic}`, join(bin, basic))
      symlinkSync(at, join(bin, tool))
      const path = process.env['PATH']
      process.env['PATH'] = bin
      try {
        const alone = { ...shell, argv: [`/usr/bin/${shell.argv[0]}`, ...shell.argv.slice(1)] as never }
        t.equal(problem(alone, { port: open }), undefined, `${tool}, open`)
        t.equal(
          problem(alone, { port: closed }),
          `timed out after 0 s: 127.0.0.1:${closed} is not started`,
          `${tool}, closed`,
        )
      } finally {
        process.env['PATH'] = path
      }
    }
  })
})

t.test('the timeout of wait_for includes its delay', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const log = join(folder, 'log')
    const { definition } = wait_for
    const wait = (params: object) => definition.probe(definition.schema.parse(params), {})
    const sleep = `sleep() { echo "$1" >>${log}; command sleep "$1"; }\n`
    t.match(runIn(shell, sleep + wait({ path: '/nowhere', delay: 2, timeout: 2 })), { stdout: 'timeout\n' })
    t.equal(readFileSync(log, 'utf8'), '2\n')
  })
  t.equal(wait_for.definition.waitSeconds?.(wait_for.definition.schema.parse({ delay: 3, timeout: 2 })), 5)
  t.equal(wait_for.definition.waitSeconds?.(wait_for.definition.schema.parse({ path: '/a', delay: 3, timeout: 2 })), 3)
})

t.test('the time limit of wait_for includes the last attempt', async (t) => {
  const { definition } = wait_for
  t.ok((definition.timeLimitSeconds?.(definition.schema.parse({ port: 1, timeout: 10, delay: 5 })) ?? 0) > 20)
  t.equal(definition.waits, true)
})
