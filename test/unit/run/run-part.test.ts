import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { runPart } from '../../run/part.ts'
import type { Part } from '../../run/parts.ts'
import { runProgram } from '../../run/programs.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'labbook-run-part-'))
t.teardown(() => {
  rmSync(folder, { recursive: true })
})

/** A part with test files of this content. */
const partOf = (contents: Readonly<Record<string, string>>, timeoutSeconds = 60): Part => {
  const files = Object.entries(contents).map(([name, text]) => {
    writeFileSync(path.join(folder, name), text)
    return path.join(folder, name)
  })
  return {
    name: 'some',
    description: '',
    packages: [],
    lane: 'compute',
    minutes: 1,
    runs: 'by name',
    work: { files: () => files, jobs: 2, timeoutSeconds },
  }
}
const printTap = (tap: string, code = 0): string =>
  `process.stdout.write(${JSON.stringify(tap)}); process.exitCode = ${code}`

/** Whether a process ends within ten seconds, or is a zombie. */
async function hasEnded(pid: string): Promise<boolean> {
  for (let attempts = 0; attempts < 200; attempts++) {
    try {
      if (/ Z /.test(readFileSync(`/proc/${pid.trim()}/stat`, 'utf8'))) return true
    } catch {
      return true
    }
    await sleep(50)
  }
  return false
}

t.test('runPart sums the counts of all files and reports failures in full', async (t) => {
  const outcome = await runPart(
    partOf({
      'a.mjs': printTap('ok 1 - fine\n1..1\n# { total: 1, pass: 1 }\n'),
      'b.mjs': printTap(
        'ok 1 - fine\nnot ok 2 - wrong\n  ---\n  why: because\n  ...\n1..2\n# { total: 2, pass: 1, fail: 1 }\n',
        1,
      ),
    }),
  )
  t.match(outcome, { passed: 2, failed: 1, ok: false })
  t.match(outcome.report, /b\.mjs: failed\nnot ok 2 - wrong\n {2}---\n {2}why: because/)
  t.notMatch(outcome.report, /fine|a\.mjs/)
})

t.test('files that throw, assert nothing or time out fail; skipped files do not', async (t) => {
  const thrown = await runPart(partOf({ 'thrown.mjs': 'throw new Error("at once")' }))
  t.match(thrown, { passed: 0, failed: 1, ok: false, report: /thrown\.mjs: failed\n[^]*at once/ })
  t.match(await runPart(partOf({ 'empty.mjs': '' })), {
    failed: 1,
    ok: false,
    report: /empty\.mjs: failed: has no assertions/,
  })
  t.match(await runPart(partOf({ 'plan.mjs': printTap('1..0 # skipped: no artifacts\n') })), {
    passed: 0,
    failed: 0,
    ok: true,
  })
  const ended = await runProgram([process.execPath, '-e', 'setInterval(() => {}, 1000)'], { timeoutSeconds: 0.2 })
  t.match(ended, { exitCode: null, timedOut: true })
  t.match(await runProgram(['/nonexistent/program']), { exitCode: null, output: /nonexistent/ })
})

t.test('processes that a test leaves running are ended', async (t) => {
  const file = path.join(folder, 'pid')
  await runPart(
    partOf({
      'leaves.mjs': `import { spawn } from 'node:child_process'; import { writeFileSync } from 'node:fs'
    const child = spawn('sleep', ['300'], { stdio: 'inherit' }); child.unref(); writeFileSync(${JSON.stringify(file)}, String(child.pid)); ${printTap('# { total: 1, pass: 1 }\n')}; process.exit()`,
    }),
  )
  t.ok(await hasEnded(readFileSync(file, 'utf8')))
})

t.test('Ctrl-C ends all processes', async (t) => {
  const program = path.join(folder, 'main.mts')
  writeFileSync(
    program,
    `
    import { endAll, runProgram } from ${JSON.stringify(path.resolve(import.meta.dirname, '../../run/programs.ts'))}
    process.once('SIGINT', () => { void endAll().then(() => process.exit(130)) })
    void runProgram(['sh', '-c', 'sleep 300 & echo $! >${folder}/sleeper; wait'])
    setTimeout(() => console.log('started'), 300)
  `,
  )
  const child = spawn(process.execPath, ['--import=tsx', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.kill('SIGINT')
  t.equal(await new Promise((resolve) => child.once('exit', resolve)), 130)
  t.ok(await hasEnded(readFileSync(path.join(folder, 'sleeper'), 'utf8')))
})
