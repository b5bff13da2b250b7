import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { moduleFiles, NameError } from './module-files.ts'

/* `npm run new:module NAME`: a module that works, with its fixtures and test, to be changed into the one you want. */

const ROOT = path.join(import.meta.dirname, '..')

const read = (file: string): string | undefined => {
  const full = path.join(ROOT, file)
  return existsSync(full) ? readFileSync(full, 'utf8') : undefined
}

const [name, ...others] = process.argv.slice(2)
if (name === undefined || others.length > 0) {
  console.error('usage: npm run new:module NAME')
  process.exit(2)
}
try {
  const files = moduleFiles(name, read)
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(ROOT, file), text)
  const code = Object.keys(files).filter((file) => !file.endsWith('.md'))
  execFileSync('npx', ['biome', 'format', '--write', ...code], { cwd: ROOT, stdio: 'pipe' })
  execFileSync('npm', ['run', '--silent', 'docs'], { cwd: ROOT, stdio: 'inherit' })
  console.log(
    [
      ...Object.keys(files).map((file) => `wrote ${file}`),
      'wrote docs/modules.md',
      `Next: node --import=tsx test/unit/modules/core/${name}.test.ts`,
    ].join('\n'),
  )
} catch (error) {
  if (!(error instanceof NameError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
