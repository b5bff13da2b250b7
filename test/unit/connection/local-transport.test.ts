import { mkdirSync, symlinkSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { connectionSettings, openConnection } from '../../../src/connection/index.ts'
import { shells } from '../../support/shells.ts'

const limit = { timeLimitSeconds: 30 }
const open = () => openConnection(connectionSettings('here', { ansible_connection: 'local' }))

/** A directory for PATH where `sh` is the given shell. */
function binDirectory(t: Tap, shell: string, extra: Record<string, string> = {}): string {
  const directory = t.testdir({})
  mkdirSync(directory, { recursive: true })
  for (const [name, program] of Object.entries({ sh: shell, ...extra })) {
    symlinkSync(execFileSync('which', [program]).toString().trim(), join(directory, name))
  }
  return directory
}

interface Tap {
  testdir(content: Record<string, never>): string
  teardown(end: () => void | Promise<void>): void
}

function withPath(t: Tap, path: string): void {
  const before = process.env['PATH']
  process.env['PATH'] = path
  t.teardown(() => {
    process.env['PATH'] = before
  })
}

for (const { name, argv } of [...shells, { name: 'mksh', argv: ['mksh'] }]) {
  t.test(`local connection with ${name} as sh`, async (t) => {
    withPath(t, [binDirectory(t, argv[0]), process.env['PATH']].join(delimiter))
    const connection = open()
    t.teardown(() => connection.close())
    const run = async (script: string) => {
      const { stdout, stderr, exitCode } = await connection.exec(script, limit)
      return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode }
    }

    await t.test('stdout, stderr and exit code are separate', async (t) => {
      t.same(await run('echo out; echo err >&2; cat; exit 7'), { stdout: 'out\n', stderr: 'err\n', exitCode: 7 })
      t.same(await run('false'), { stdout: '', stderr: '', exitCode: 1 })
      t.same(await run('# nothing'), { stdout: '', stderr: '', exitCode: 0 })
    })

    await t.test('scripts of all sizes arrive complete', async (t) => {
      // mksh reads a script byte by byte, and bash does the same more quickly.
      for (const size of [100, 4000, 4096, 8192, 65_536, 100_000, argv[0] === 'mksh' ? 200_000 : 5_000_000]) {
        const text = 'x'.repeat(size)
        t.ok((await run(`printf %s '${text}'`)).stdout === text, `${size} bytes`)
        t.equal((await run(`: <<'EOF'\n${text}\nEOF\nexit 5`)).exitCode, 5, `exit code after ${size} bytes`)
      }
    })

    await t.test('numbers beyond 32 bits and arguments beyond 128 KiB are no limits', async (t) => {
      const secret = `lb-${'s'.repeat(140_000)}`
      const { stdout, stderr } = await run(`echo $((3000000000 + 1)); printf %s ${secret} | wc -c`)
      t.same([stdout, stderr], [`3000000001\n${secret.length}\n`, ''])
    })

    await t.test('many lines may begin like the end of the script', async (t) => {
      const initials = 'lb@%+=:,./^_~-?*#|;&<>()[]$"!'.split('').map((initial) => `${initial}\n`)
      // dash crashed at 524,288 lines; bash reads so many for half a minute.
      const many = argv[0] === 'dash' ? 530_000 : 1000
      for (const [text, count] of [
        ['l\n', many],
        [initials.join(''), 100],
      ] as const) {
        const { stdout, exitCode } = await run(`wc -l <<'EOF'\n${text.repeat(count)}EOF`)
        t.same([Number(stdout), exitCode], [(count * text.length) / 2, 0], text.slice(0, 1))
      }
    })

    await t.test('script with a syntax error, of any size, fails without affecting the next', async (t) => {
      for (const script of [
        'if true',
        'echo "',
        "cat <<'EOF'\nx",
        '}',
        ')',
        'exit 2\n}',
        `if true\n${'echo x\n'.repeat(5000)}`,
      ]) {
        const { exitCode, stdout } = await run(script)
        t.not(exitCode, 0, script.slice(0, 20))
        t.equal(stdout, '', JSON.stringify(script.slice(0, 40)))
        t.same(
          await run('echo fine'),
          { stdout: 'fine\n', stderr: '', exitCode: 0 },
          JSON.stringify(script.slice(0, 40)),
        )
      }
    })

    await t.test('script that exits early leaves no input to the next', async (t) => {
      t.equal((await run(`exit 6\n${'echo x\n'.repeat(5000)}`)).exitCode, 6)
      t.same(await run('echo fine'), { stdout: 'fine\n', stderr: '', exitCode: 0 })
    })

    await t.test('script is killed after its time limit', async (t) => {
      // Enough time for the first output.
      await t.rejects(connection.exec('echo before; sleep 1000; echo after', { timeLimitSeconds: 6 }), {
        name: 'TimeLimit',
        stdout: Buffer.from('before\n'),
        message: 'here: the script did not end within 6 s and was killed',
      })
      t.same(await run('echo fine'), { stdout: 'fine\n', stderr: '', exitCode: 0 })
    })
  })
}

t.test('where no shell can run scripts, the error names the missing one', async (t) => {
  withPath(t, binDirectory(t, 'mksh', { sleep: 'sleep' }))
  const connection = open()
  t.teardown(() => connection.close())
  await t.rejects(connection.exec('true', limit), {
    name: 'Unreachable',
    message: 'here: sh has no built-in printf, and there is neither dash nor bash on it: install dash there',
  })
})

t.test('scripts run without `timeout` on the host, and the controller kills them', async (t) => {
  const directory = binDirectory(t, 'dash', { sleep: 'sleep' })
  withPath(t, directory)
  const connection = open()
  t.teardown(() => connection.close())
  // The session adds the sbin directories, none of which contains it.
  const { stdout, exitCode } = await connection.exec('command -v timeout; echo in; exit 3', limit)
  t.same([stdout.toString(), exitCode], ['in\n', 3])
  await t.rejects(
    connection.exec('echo before; sleep 1000', { timeLimitSeconds: 1 }),
    {
      name: 'TimeLimit',
      stdout: Buffer.from('before\n'),
    },
    'the controller kills what the host cannot',
  )
  t.equal((await connection.exec('echo again', limit)).stdout.toString(), 'again\n')
})

t.test('script runs in its own process group, out of reach of terminal signals', async (t) => {
  const connection = open()
  t.teardown(() => connection.close())
  const { stdout } = await connection.exec('ps -o pgid= -p $$', limit)
  t.not(
    stdout.toString().trim(),
    execFileSync('ps', ['-o', 'pgid=', '-p', String(process.pid)])
      .toString()
      .trim(),
  )
})

t.test('script that kills its own shell does not count as completed', async (t) => {
  const connection = open()
  t.teardown(() => connection.close())
  await t.rejects(connection.exec('kill -9 $(ps -o ppid= -p $PPID)', limit), { name: 'Unreachable' })
  t.equal((await connection.exec('echo again', limit)).stdout.toString(), 'again\n')
})
