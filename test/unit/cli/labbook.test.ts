import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { COMMANDS, labbook as runCommand } from '../../../src/cli/labbook.ts'
import { projectRoot } from '../../../src/cli/project-root.mjs'

/** Bundled once. */
const cache = mkdtempSync(path.join(tmpdir(), 'labbook-cache-'))
t.teardown(() => {
  rmSync(cache, { recursive: true, force: true })
})

const LABBOOK = path.join(import.meta.dirname, '../../../src/cli/labbook.mjs')

/** An empty folder, in a path with spaces. */
function folder(test: Test): string {
  const directory = path.join(mkdtempSync(path.join(tmpdir(), 'labbook-project-')), 'my project')
  mkdirSync(directory)
  test.teardown(() => {
    rmSync(path.dirname(directory), { recursive: true })
  })
  return directory
}

/** Runs `labbook` in a directory. */
function labbook(cwd: string, ...args: string[]): { output: string; exitCode: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [LABBOOK, ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', XDG_CACHE_HOME: cache },
  })
  return { output: stdout + stderr, exitCode: status }
}

t.test('init creates a project that runs, and keeps what exists', async (t) => {
  const directory = folder(t)
  writeFileSync(path.join(directory, 'README.md'), 'mine\n')
  const created = labbook(directory, 'init')
  t.equal(created.exitCode, 0)
  t.match(JSON.parse(readFileSync(path.join(directory, 'tsconfig.json'), 'utf8')), {
    compilerOptions: { allowImportingTsExtensions: true },
    include: ['playbooks', 'roles'],
  })
  t.match(created.output, /created inventory\.yaml/)
  t.match(created.output, /kept {4}README\.md/)
  t.equal(readFileSync(path.join(directory, 'README.md'), 'utf8'), 'mine\n')
  const listed = labbook(path.join(directory, 'templates'), 'run', '../playbooks/web.ts', '--list-tasks')
  t.match(listed.output, /play "Web server": web\n {2}Install nginx\n/, 'also below the project directory')
  t.equal(listed.exitCode, 0)
  t.match(labbook(directory, 'run', 'playbooks/web.ts', '--help').output, 'Usage: npx labbook run playbooks/web.ts')
})

t.test('exec runs one command, in the project of the working directory', async (t) => {
  const directory = folder(t)
  writeFileSync(path.join(directory, 'inventory.yaml'), 'all: {hosts: {here: {ansible_connection: local}}}\n')
  mkdirSync(path.join(directory, 'below'))
  const { output, exitCode } = labbook(path.join(directory, 'below'), 'exec', 'here', '--yes', '--', 'echo $((6 * 7))')
  t.match(output, /here +\| +\| 42/)
  t.equal(exitCode, 0)
  t.match(labbook(directory, 'exec', 'here', '--yes', '--', 'printf', '%s', '$HOME').output, '$HOME', 'no shell')
  const failed = labbook(directory, 'exec', 'here', '--yes', '--', 'exit 3')
  t.equal(failed.exitCode, 2)
  t.match(failed.output, "run again: npx labbook exec here --yes -- 'exit 3'")
  t.ok(existsSync(path.join(directory, 'runs/latest/summary.json')))
  t.notOk(existsSync(path.join(directory, 'below/runs')))
})

t.test('errors say what to write', async (t) => {
  const stderr = t.capture(process.stderr, 'write')
  const cases: readonly (readonly [args: string[], message: string])[] = [
    [['ini'], 'unknown command "ini" (did you mean init?)'],
    [['run'], 'name the playbook first: labbook run playbooks/web.ts [options]'],
    [['run', '--check', 'x.ts'], 'name the playbook first: labbook run playbooks/web.ts [options]'],
    [['exec', '--', 'id'], 'name the hosts first: labbook exec PATTERN [options] -- COMMAND'],
    [['exec', 'all'], 'the command is missing: labbook exec PATTERN [options] -- COMMAND'],
    [['doc', 'aptt'], 'no module "aptt" (did you mean apt?); "labbook doc" lists all'],
    [['init', 'a', 'b'], 'init takes one directory, not a b'],
    [['init', import.meta.filename], `cannot write ${import.meta.filename}`],
  ]
  for (const [args, message] of cases) {
    t.equal(await runCommand(args, '/'), 1, args.join(' '))
    const text = stderr()
      .map((call) => String(call.args[0]))
      .join('')
    t.ok(text.startsWith(message), text)
  }
  stderr.restore()
  const directory = folder(t)
  t.strictSame(labbook(directory, 'run', 'x.ts'), {
    output: `no playbook ${directory}/x.ts: name the file, as in playbooks/web.ts\n`,
    exitCode: 1,
  })
})

t.test('labbook.yaml marks a project directory, and is refused with a setting', async (t) => {
  const directory = folder(t)
  mkdirSync(path.join(directory, 'hosts'))
  writeFileSync(path.join(directory, 'hosts/all.yaml'), 'all: {hosts: {here: {ansible_connection: local}}}\n')
  writeFileSync(path.join(directory, 'labbook.yaml'), '# The project.\n')
  const exec = ['exec', 'here', '-i', 'all.yaml', '--yes', '--', 'true']
  t.equal(labbook(path.join(directory, 'hosts'), ...exec).exitCode, 0)
  t.ok(existsSync(path.join(directory, 'runs/latest')))
  writeFileSync(path.join(directory, 'labbook.yaml'), '# The project.\nforks: 5\n')
  const { output, exitCode } = labbook(path.join(directory, 'hosts'), ...exec)
  t.equal(exitCode, 1)
  t.ok(output.startsWith(`${directory}/labbook.yaml:2:1: labbook.yaml has no settings`), output)
})

t.test('doc shows the parameters of a module; help lists all commands', async (t) => {
  const directory = folder(t)
  t.match(labbook(directory, 'doc', 'apt').output, / {2}update_cache {2}\(boolean; default: false\)\n {6}Run apt-get/)
  t.match(labbook(directory, 'doc').output, /^template +Renders a template/m)
  t.match(labbook(directory, 'inventory', '--help').output, /^Usage: npx labbook inventory --list[^]*--graph/m)
  t.match(labbook(directory, 'exec', 'web', '--help').output, /^Usage: npx labbook exec [^]*--become/m)
  const { output } = labbook(directory)
  for (const name of Object.keys(COMMANDS)) t.match(output, new RegExp(`^ {2}${name} `, 'm'), name)
})

t.test('the project directory is the nearest with labbook.yaml or inventory.yaml, else the working one', async (t) => {
  const directory = folder(t)
  const below = path.join(directory, 'a/b')
  mkdirSync(below, { recursive: true })
  t.equal(projectRoot(below, '/elsewhere'), '/elsewhere')
  writeFileSync(path.join(directory, 'inventory.yaml'), '')
  t.equal(projectRoot(below, '/elsewhere'), directory)
  writeFileSync(path.join(directory, 'a/labbook.yaml'), '')
  t.equal(projectRoot(below, '/elsewhere'), path.join(directory, 'a'))
})
