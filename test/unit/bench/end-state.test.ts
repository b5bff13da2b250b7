import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { difference, endState } from '../../../bench/measure/end-state.ts'

/** A root file system with one file, one link and one account. */
function root(folder: string): string {
  for (const name of ['etc', 'srv/app']) mkdirSync(path.join(folder, name), { recursive: true })
  writeFileSync(path.join(folder, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nalice:x:2501:2500::/home/alice:/bin/sh\n')
  writeFileSync(path.join(folder, 'etc/group'), 'app:x:2500:\n')
  writeFileSync(path.join(folder, 'etc/shadow'), 'root:*:1::::::\nalice:!:20000::::::\n')
  writeFileSync(path.join(folder, 'srv/app/file'), 'content\n', { mode: 0o640 })
  symlinkSync('/srv/app', path.join(folder, 'srv/current'))
  return folder
}

/** The difference that a change to one of two equal roots causes. */
function differenceAfter(dir: string, change: (folder: string) => void): string {
  const second = root(path.join(dir, 'b'))
  change(second)
  return difference(endState(root(path.join(dir, 'a'))), endState(second)).join('\n')
}

const changes: [string, (folder: string) => void, RegExp | ''][] = [
  ['equal roots', () => undefined, ''],
  [
    'content',
    (folder) => {
      writeFileSync(path.join(folder, 'srv/app/file'), 'CONTENT\n')
    },
    /^- srv\/app\/file file 640.*\n\+ srv\/app\/file file 640/,
  ],
  [
    'mode',
    (folder) => {
      chmodSync(path.join(folder, 'srv/app/file'), 0o600)
    },
    /\+ srv\/app\/file file 600/,
  ],
  [
    'added file',
    (folder) => {
      writeFileSync(path.join(folder, 'srv/app/more'), '')
    },
    /^\+ srv\/app\/more/,
  ],
  [
    'target of a link',
    (folder) => {
      rmSync(path.join(folder, 'srv/current'))
      symlinkSync('/srv', path.join(folder, 'srv/current'))
    },
    /\+ srv\/current link \d+:\d+ -> \/srv$/,
  ],
  [
    'an account',
    (folder) => {
      writeFileSync(path.join(folder, 'etc/passwd'), 'alice:x:2501:2500::/home/alice:/bin/bash\n')
    },
    /\+ passwd alice:.*bash/,
  ],
  [
    'changed password',
    (folder) => {
      writeFileSync(path.join(folder, 'etc/shadow'), 'alice::20000::::::\n')
    },
    /\+ shadow alice:$/,
  ],
  [
    'date of a password change',
    (folder) => {
      writeFileSync(path.join(folder, 'etc/shadow'), 'alice:!:19999::::::\n')
    },
    '',
  ],
  [
    'unrelated files',
    (folder) => {
      writeFileSync(path.join(folder, 'etc/other'), '')
    },
    '',
  ],
]
for (const [name, change, expected] of changes) {
  t.test(name, async (t) => {
    const found = differenceAfter(t.testdir(), change)
    if (expected === '') t.equal(found, '')
    else t.match(found, expected)
  })
}
