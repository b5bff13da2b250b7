import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { BecomeFailed, TimeLimit, Unreachable } from '../../src/connection/connection.ts'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { quote } from '../../src/shell/quote.ts'
import { endProcess, processes, until } from '../support/processes.ts'
import { startSshd } from '../support/sshd.ts'

const sshd = await startSshd()
t.teardown(() => sshd.stop())

const limit = { timeLimitSeconds: 30 }
const open = () => openConnection(connectionSettings('node1', sshd.vars()))
const isRunning = (part: string): boolean => processes().some(({ commandLine }) => commandLine.includes(part))

/** Kills a command that a test started, found by its unique argument. */
const end = (commandLine: string): void => {
  for (const each of processes()) if (each.commandLine === commandLine) endProcess(each.pid)
}

t.test('with one connection', async (t) => {
  const connection = open()
  t.teardown(() => connection.close())
  const run = async (script: string) => {
    const { stdout, stderr, exitCode } = await connection.exec(script, limit)
    return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode }
  }

  await t.test('stdout, stderr and exit code are returned separately', async (t) => {
    t.same(await run('echo out; echo err >&2; exit 7'), { stdout: 'out\n', stderr: 'err\n', exitCode: 7 })
    t.same(await run('false'), { stdout: '', stderr: '', exitCode: 1 })
    t.same(await run('kill -9 $$'), { stdout: '', stderr: 'Killed\n', exitCode: 137 })
  })

  await t.test('a missing final newline and empty lines are preserved', async (t) => {
    t.equal((await run('printf "\\n\\na"')).stdout, '\n\na')
  })

  await t.test('concurrent exec() calls run sequentially, in order', async (t) => {
    const asked = ['a', 'b', 'c'].map((word) => run(`echo ${word}; echo ${word} >>${join(sshd.folder, 'order')}`))
    t.same(
      (await Promise.all(asked)).map(({ stdout }) => stdout),
      ['a\n', 'b\n', 'c\n'],
    )
    t.equal((await run(`cat ${join(sshd.folder, 'order')}`)).stdout, 'a\nb\nc\n')
  })

  await t.test('a script does not affect directory, variables, functions or umask of the next', async (t) => {
    const look = 'pwd; echo "[$left]"; umask; command -v lb_own || echo none'
    const before = await run(look)
    await run('cd /; left=1; export left; umask 077; lb_own() { :; }; set -e; trap "" TERM; exec 2>/dev/null')
    t.same(await run(look), before)
    t.equal(before.stdout, '/root\n[]\n0022\nnone\n')
  })

  await t.test('administration commands are found, and messages are in English', async (t) => {
    t.equal((await run('case $PATH in *:/usr/sbin* | /usr/sbin*) echo $LC_ALL ;; esac')).stdout, 'C\n')
  })

  await t.test('10 MB on both streams at once arrive byte for byte', async (t) => {
    const numbers = 'i=0; seq 1000000 1357142'
    const { stdout, stderr } = await connection.exec(`(${numbers}) & (${numbers}) >&2; wait`, limit)
    t.equal(stdout.length, 8 * 357143)
    t.ok(stdout.equals(stderr))
    const more = await connection.exec('head -c 10000000 /dev/zero; head -c 10000000 /dev/zero >&2', limit)
    t.ok(more.stdout.equals(Buffer.alloc(10_000_000)))
    t.ok(more.stderr.equals(Buffer.alloc(10_000_000)))
  })

  await t.test('a multibyte character split across chunks is decoded correctly', async (t) => {
    t.equal((await run("printf '\\342'; sleep 0.1; printf '\\202'; sleep 0.1; printf '\\254'")).stdout, '€')
  })

  await t.test('binary output is unmodified', async (t) => {
    const { stdout } = await connection.exec("printf '\\377\\000\\376\\r\\n\\033'", limit)
    t.same(stdout, Buffer.from([0xff, 0, 0xfe, 0x0d, 0x0a, 0x1b]))
  })

  await t.test('quotes, expansions and control characters in a script are unmodified', async (t) => {
    const text =
      Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join('') + '$HOME `id` $(id) \\\n!! € \'"'
    t.equal((await run(`printf %s ${quote(text)}`)).stdout, text)
    t.equal((await run("cat <<'EOF'\n$x\nEOF\n")).stdout, '$x\n')
  })

  await t.test('a script of 5 MB arrives completely', async (t) => {
    const text = '0123456789'.repeat(500_000)
    t.equal((await run(`printf %s '${text}' | wc -c`)).stdout.trim(), '5000000')
  })

  await t.test('stdin of a command is empty', async (t) => {
    t.same(await run('cat; read x || echo end; cat'), { stdout: 'end\n', stderr: '', exitCode: 0 })
  })

  await t.test('a script with a syntax error fails and does nothing, and the next one runs', async (t) => {
    const { stdout, stderr, exitCode } = await run(`echo begun\nif true\n${'echo x\n'.repeat(5000)}`)
    t.equal(stdout, '')
    t.match(stderr, /syntax error/i)
    t.equal(exitCode, 2)
    t.equal((await run('echo fine')).stdout, 'fine\n')
  })

  await t.test('a background process holding the streams does not delay the result', async (t) => {
    const late = await run('(sleep 1000.25; echo too late) & echo started')
    t.equal(late.stdout, 'started\n')
    await until('it goes on running', () => isRunning('sleep 1000.25'))
    end('sleep 1000.25')
  })

  await t.test('later output of a background process is assigned to no script', async (t) => {
    const mine = join(sshd.folder, 'printed')
    await run(`(sleep 0.2; echo noise; echo noise >&2; : >${mine}) &`)
    await until('it has printed', () => existsSync(mine))
    t.same(await run('echo clean'), { stdout: 'clean\n', stderr: '', exitCode: 0 })
  })

  await t.test('a script over its time limit is killed with all its processes, and the next one runs', async (t) => {
    const stubborn = `echo before; (trap '' TERM; sleep 1000.5; sleep 1000.5) & (trap '' TERM; sleep 1000.5; sleep 1000.5); echo after`
    // Long enough for the first output.
    const error = await connection.exec(stubborn, { timeLimitSeconds: 6 }).then(t.fail, (thrown: unknown) => thrown)
    t.type(error, TimeLimit)
    t.match((error as Error).message, /^node1: .* within 6 s/)
    t.equal((error as TimeLimit).stdout.toString(), 'before\n')
    await until('they are gone', () => !isRunning('sleep 1000.5'))
    t.equal((await run('echo fine')).stdout, 'fine\n')
  })

  await t.test('exit code 124 of a script is not a timeout', async (t) => {
    t.equal((await run('exit 124')).exitCode, 124)
  })

  await t.test('all scripts use one connection', async (t) => {
    t.equal(sshd.connections().length, 1)
  })

  await t.test('a script that exits the outer shell is not reported as completed', async (t) => {
    await t.rejects(run('kill -9 $(ps -o ppid= -p $PPID)'), Unreachable)
    t.equal((await run('echo fine')).stdout, 'fine\n')
  })

  await t.test(
    'a script that exits the outer shell is not reported as completed, even with the streams held open',
    async (t) => {
      await t.rejects(run('sleep 1000.375 & kill -9 $(ps -o ppid= -p $PPID)'), Unreachable)
      end('sleep 1000.375')
    },
  )
})

t.test('close() hangs up the running script', async (t) => {
  const connection = open()
  const running = connection.exec('sleep 1000.125', limit)
  running.catch(() => undefined)
  await until('it runs', () => isRunning('sleep 1000.125'))
  await connection.close()
  await t.rejects(running, { name: 'Unreachable', message: 'node1: the connection is closed' })
  await until('it is gone', () => !isRunning('sleep 1000.125'))
  await t.rejects(connection.exec('true', limit), Unreachable)
  await connection.close()
})

t.test('close() without open() does nothing', async () => {
  await open().close()
})

t.test('become to the login user needs no sudo', async (t) => {
  const connection = open()
  t.teardown(() => connection.close())
  const { stdout } = await connection.exec('id -un; echo "[$SUDO_USER]"', { ...limit, become: { user: 'root' } })
  t.equal(stdout.toString(), 'root\n[]\n')
})

t.test('an unknown become user is reported', async (t) => {
  const connection = open()
  t.teardown(() => connection.close())
  const become = { user: 'lbtest-nobody' }
  await t.rejects(connection.exec('true', { ...limit, become }), {
    name: 'BecomeFailed',
    message: /^node1: become user "lbtest-nobody" does not exist on node1/,
  })
  await t.rejects(connection.exec('true', { ...limit, become }), BecomeFailed)
})
