import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import type { z } from 'zod'
import { pip } from '../../../../src/modules/core/pip.ts'
import { runIn, type Shell } from '../../../support/shells.ts'
import { descriptions, inEachShell } from '../each-shell.ts'

/**
 * A Python with pip as far as the scripts ask it: `ROOT/NAME` says what it answers, and `ROOT/calls` has what it was
 * asked.
 */
const PYTHON = `#!/bin/sh
printf '%s|%s|%s\\n' "$PIP_NO_INDEX" "$PIP_BREAK_SYSTEM_PACKAGES" "$*" >>ROOT/calls
pwd >>ROOT/directories
case "$*" in
*"import pip"* | *"import ensurepip"*) exit 0 ;;
*EXTERNALLY-MANAGED*) [ -e ROOT/managed ] ;;
"-m pip --version") [ -e ROOT/has-pip ] ;;
"-m pip list "*) cat ROOT/list ;;
"-m pip install --dry-run "*) cat ROOT/dry-run; [ ! -e ROOT/dry-run-fails ] ;;
"-m pip install "*) [ -e ROOT/met ] || [ -z "$PIP_NO_INDEX" ] ;;
"-m venv "*) mkdir -p "$3/bin" && : >"$3/bin/activate" && cp ROOT/bin/python3 "$3/bin/python" ;;
*) exit 0 ;;
esac
`

class Host {
  readonly #shell: Shell
  readonly #folder: string

  constructor(shell: Shell, folder: string) {
    this.#shell = shell
    this.#folder = folder
    mkdirSync(path.join(folder, 'bin'))
    this.put('bin/python3', PYTHON.replaceAll('ROOT', folder))
    chmodSync(path.join(folder, 'bin/python3'), 0o755)
    for (const name of ['list', 'has-pip', 'dry-run', 'calls']) this.put(name, '')
  }

  put(name: string, text = ''): void {
    writeFileSync(path.join(this.#folder, name), text)
  }

  plan(given: z.input<typeof pip.definition.schema>) {
    const { definition } = pip
    const params = definition.schema.parse(given)
    return definition.plan(params, this.run(definition.probe(params, {})), {}, {})
  }

  run(script: string) {
    return runIn(this.#shell, script, { env: { PATH: `${this.#folder}/bin:/usr/bin:/bin`, PIP_NO_INDEX: '' } })
  }

  /** The working directory of each call. */
  get directories(): string[] {
    return readFileSync(path.join(this.#folder, 'directories'), 'utf8').trimEnd().split('\n')
  }

  /** The last call of pip. */
  get lastCall(): string {
    return readFileSync(path.join(this.#folder, 'calls'), 'utf8').trimEnd().split('\n').at(-1) ?? ''
  }
}

void t.test('pip asks without an index whether the requirements are met', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const host = new Host(shell, folder)
    const missing = host.plan({
      name: ['requests>=2.31', "it-s[a]<3; python_version>'3'"],
      extra_args: '-i https://x/',
    })
    t.equal(host.lastCall, "1|1|-m pip install requests>=2.31 it-s[a]<3; python_version>'3'")
    t.same(descriptions(missing), ["install requests>=2.31, it-s[a]<3; python_version>'3'"])
    t.equal(host.run(missing.changes[0]?.script ?? '').exitCode, 0)
    t.equal(host.lastCall, "||-m pip install -i https://x/ requests>=2.31 it-s[a]<3; python_version>'3'")
    host.put('met')
    t.same(host.plan({ name: 'requests', version: '2.31' }).changes, [])
    t.match(host.lastCall, 'requests==2.31')
    t.match(host.plan({ requirements: `${folder}/nosuch` }).problem, /requirements: .*nosuch does not exist/)
    host.put('list', 'Foo.Bar==1.0\nother==2\n')
    t.same(descriptions(host.plan({ name: 'foo_bar', state: 'absent' })), ['uninstall foo_bar'])
    t.same(host.plan({ name: 'foo', state: 'absent' }).changes, [])
  })
})

void t.test(
  'pip runs in no directory that others may write to, where python3 would import their modules',
  async (t) => {
    inEachShell(t, (t, shell, folder) => {
      const host = new Host(shell, folder)
      const planned = host.plan({ name: 'a', virtualenv: `${folder}/env`, virtualenv_command: 'python3 -m venv' })
      for (const { script } of planned.changes) host.run(script)
      host.run(host.plan({ name: 'a' }).changes[0]?.script ?? '')
      t.same([...new Set(host.directories)], ['/'])
      host.plan({ name: 'a', chdir: folder })
      t.equal(host.directories.at(-1), folder)
    })
  },
)

void t.test('pip does not change a Python that apt manages', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const host = new Host(shell, folder)
    host.put('managed')
    t.match(host.plan({ name: 'requests' }).problem, /managed by apt \(PEP 668\).*python3-NAME.*virtualenv/)
    t.same(descriptions(host.plan({ name: 'requests', break_system_packages: true })), ['install requests'])
    t.same(descriptions(host.plan({ name: 'requests', extra_args: '--break-system-packages' })), ['install requests'])
    host.put('met')
    t.same(host.plan({ name: 'requests' }), {
      changes: [],
      values: { name: ['requests'], version: null, state: 'present', requirements: null, virtualenv: null },
    })
  })
})

void t.test('pip creates a virtual environment, also without virtualenv', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const host = new Host(shell, folder)
    const virtualenv = `${folder}/an env`
    const planned = host.plan({ name: 'requests', virtualenv, virtualenv_command: 'python3 -m venv' })
    t.same(descriptions(planned), [`create virtual environment ${virtualenv}`, `install requests in ${virtualenv}`])
    t.match(host.run(planned.changes[0]?.script ?? ''), { exitCode: 0, stderr: '' })
    host.put('met')
    t.same(host.plan({ name: 'requests', virtualenv }).changes, [])
    t.match(
      host.plan({ name: 'a', virtualenv: `${folder}/other`, virtualenv_command: 'nosuch-program' }).problem,
      /nosuch-program not found on this host: install the package/,
    )
  })
})

void t.test('pip installs nothing of a requirements file when it asks', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const host = new Host(shell, folder)
    const requirements = `${folder}/r.txt`
    host.put('r.txt', '/srv/a.whl\n')
    host.put('met')
    host.put('dry-run', 'Would install a-1\n')
    const direct = host.plan({ requirements })
    t.equal(host.lastCall, `1|1|-m pip install --dry-run -r ${requirements}`)
    t.match(direct.changes, [{ description: `install ${requirements}`, recurs: true, diff: { after: 'a-1\n' } }])
    host.put('dry-run', 'Requirement already satisfied: a\n')
    t.same(host.plan({ requirements }).changes, [])
    host.put('dry-run-fails')
    t.same(
      host.plan({ requirements }).changes.map(({ recurs }) => recurs),
      [undefined],
    )
    host.put('dry-run', 'no such option: --dry-run\n')
    t.equal(
      host.plan({ requirements }).problem,
      'constraints, and requirements with paths, URLs or options, need pip 22.2 or newer on the host: ' +
        'upgrade pip first, or run pip in a command',
    )
  })
})

void t.test('a pip without --dry-run is asked about files that name distributions only', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const host = new Host(shell, folder)
    const requirements = `${folder}/r.txt`
    host.put('dry-run', 'no such option: --dry-run\n')
    host.put('dry-run-fails')
    const plain = '# all\n\nrequests[socks]>=2.31,<3  # why\nb==1; python_version > "3"\n  c  # d.zip\ne\r\n'
    host.put('r.txt', plain)
    t.match(descriptions(host.plan({ requirements })), [`install ${requirements}`])
    host.put('met')
    t.same(host.plan({ requirements }), { ...host.plan({ requirements }), changes: [] })
    t.equal(host.lastCall, `1|1|-m pip install -r ${requirements}`)
    for (const line of ['./a', 'a @ https://x/a', '-r other', 'https://x/a', 'a-1.0.tar.gz', 'A.WHL', '-e .', 'd/a']) {
      host.put('r.txt', `${plain}${line}\n`)
      t.match(host.plan({ requirements }).problem, 'need pip 22.2', line)
      t.match(host.lastCall, '--dry-run', line)
    }
  })
})

void t.test('pip asks with the options that say which versions are wanted, and where', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const host = new Host(shell, folder)
    host.put('met')
    t.same(host.plan({ name: 'a', extra_args: '-q --user --pre -i https://x/' }).changes, [])
    t.equal(host.lastCall, '1|1|-m pip install --user --pre a')
    for (const option of ['-c c.txt', '-cc.txt', '-qc c.txt', '--constraint c.txt', '--constraint=c.txt']) {
      t.same(host.plan({ name: 'a', extra_args: `-v ${option} -i https://x/`, chdir: folder }).changes, [])
      t.equal(host.lastCall, `1|1|-m pip install --dry-run ${option} a`, 'constraints may name URLs')
    }
    const virtualenv = '/srv/env'
    const reads = (extra_args: string) =>
      pip.definition.reads?.(pip.definition.schema.parse({ name: 'a', virtualenv, extra_args }))
    t.equal(reads('-c /srv/c.txt'), undefined)
    t.not(reads('--pre'), undefined)
  })
})

void t.test('pip asks the index for the latest version, if it can without a change', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const host = new Host(shell, folder)
    t.same(host.plan({ name: 'requests', state: 'latest' }).changes, [])
    host.put('dry-run', 'Collecting requests\nWould install requests-2.32.0\n')
    const planned = host.plan({ name: 'requests', state: 'latest' })
    t.same(descriptions(planned), ['upgrade requests'])
    t.equal(planned.changes[0]?.diff?.after, 'requests-2.32.0\n')
    host.put('dry-run-fails')
    host.put('dry-run', 'ERROR: No matching distribution found for requests\n')
    t.equal(
      host.plan({ name: 'requests', state: 'latest' }).problem,
      'pip: No matching distribution found for requests',
    )
    host.put('dry-run', 'no such option: --dry-run\n')
    t.match(host.plan({ name: 'requests', state: 'latest' }).problem, /needs pip 22\.2 or newer/)
  })
})

void t.test('pip refuses what it leaves out, by name', async (t) => {
  const refusal = (params: object): string =>
    pip.definition.schema
      .safeParse(params)
      .error?.issues.map(({ message }) => message)
      .join('; ') ?? ''
  t.match(refusal({ name: 'a', editable: true }), '"editable" is not supported: run pip install -e in a command')
  t.match(refusal({ name: 'git+https://example.org/a' }), /for a URL or a path, run pip in a command/)
  t.match(refusal({ name: 'a', extra_args: '--target=/x' }), /an option of extra_args changes what pip does/)
  for (const extra_args of [
    '-rreq.txt',
    '-t/dir',
    '-qU',
    '-Uq',
    '-vvIq',
    '-e.',
    '-qr req.txt',
    '--upg',
    '--req=a',
    '--r a',
  ])
    t.match(refusal({ name: 'a', extra_args }), /an option of extra_args changes what pip does/, extra_args)
  for (const extra_args of [
    '-q',
    '-cu.txt',
    '-ihttps://x/rUt',
    '--upgrade-strategy eager',
    '--pre',
    '--root-user-action=ignore',
    '-fUrl',
  ])
    t.equal(refusal({ name: 'a', extra_args }), '', extra_args)
  t.match(refusal({ name: 'a', requirements: '/x' }), 'set either name or requirements')
  t.match(refusal({ name: ['a', 'b'], version: '1' }), /version is for one name/)
  for (const version of ['v2.31', 'latest', ' '])
    t.match(refusal({ name: 'a', version }), 'must be a version such as 2.31, or >=2.31', version)
  for (const version of ['2.31', '>=2.31', '~=2', '==2.31', ' <3'])
    t.equal(refusal({ name: 'a', version }), '', version)
  t.match(refusal({ name: 'a', virtualenv: 'env' }), /must be absolute paths/)
})
