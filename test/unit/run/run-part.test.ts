import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { runPart } from '../../run/part.ts'
import { type Part, ROOT } from '../../run/parts.ts'
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

/** A part with one bundled file, which is below the root like all tests. */
function bundledPart(name: string, text: string): Part {
  const directory = path.join(ROOT, 'node_modules/.cache/labbook/run-part')
  mkdirSync(directory, { recursive: true })
  const file = path.join(directory, `${name}.test.ts`)
  writeFileSync(file, text)
  t.teardown(() => {
    rmSync(file)
  })
  const work = { files: () => [path.relative(ROOT, file)], jobs: 1, timeoutSeconds: 60, bundle: true }
  return { ...partOf({}), name: `run-part-${name}`, work }
}

t.test('parts whose files are bundled run at the same time', async (t) => {
  const parts = ['one', 'two'].map((name) => bundledPart(name, `import t from 'tap'\nt.pass('${name}')\n`))
  for (const outcome of await Promise.all(parts.map((part) => runPart(part))))
    t.match(outcome, { passed: 1, ok: true }, outcome.report)
})

t.test('a failure in a bundled file shows its place in the test', async (t) => {
  const text = "import t from 'tap'\nt.test('sub', (t) => {\n  t.fail('wrong')\n  t.end()\n})\n"
  const { report } = await runPart(bundledPart('fails', text))
  t.match(report, /fileName: \S*fails\.test\.ts/)
  t.notMatch(report, /fileName: .*tap\.mjs/)
})

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
