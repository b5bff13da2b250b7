import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { moduleFiles, NameError } from '../../../scaffold/module-files.ts'

const ROOT = path.join(import.meta.dirname, '../../..')
const read = (file: string): string | undefined =>
  existsSync(path.join(ROOT, file)) ? readFileSync(path.join(ROOT, file), 'utf8') : undefined

t.test('a new module has a file, fixtures and a test, and a row in each list of modules', async (t) => {
  const files = moduleFiles('motd_line', read)
  t.strictSame(Object.keys(files).sort(), [
    'CHANGELOG.md',
    'src/modules/core/motd_line.ts',
    'src/modules/index.ts',
    'test/fixtures/modules/motd_line.json',
    'test/property/coverage.ts',
    'test/unit/modules/core/motd_line.test.ts',
    'test/unit/modules/system-effects.ts',
  ])
  for (const [file, text] of Object.entries(files)) {
    t.match(text, 'motd_line', file)
    t.notMatch(text, /\bNAME\b/, file)
    const before = read(file)?.split('\n') ?? []
    t.ok(before.filter((line) => !text.includes(line)).length < 2, `${file} keeps what it has`)
  }
  t.equal(files['test/unit/modules/system-effects.ts']?.match(/\['motd_line'/g)?.length, 2, 'reads and sets')
})

t.test('names that cannot be used are refused', async (t) => {
  for (const name of ['', 'Motd', 'motd-line', '1st', 'new', 'package', 'a b', '../x'])
    t.throws(() => moduleFiles(name, read), NameError, name)
  t.throws(() => moduleFiles('hostname', read), { message: 'module hostname exists: choose another name' })
})

t.test('a list that has moved is named', async (t) => {
  const without = (file: string): string | undefined => (file === 'CHANGELOG.md' ? '# Changelog\n' : read(file))
  t.throws(() => moduleFiles('motd_line', without), { message: 'CHANGELOG.md has no "## Unreleased\\n\\n"' })
})
