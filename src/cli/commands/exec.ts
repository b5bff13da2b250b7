import { command, shell } from '../../modules/index.ts'
import { play } from '../../playbook/play.ts'
import { main } from '../main.ts'
import { UsageError } from '../usage-error.ts'

const USAGE = 'labbook exec PATTERN [options] -- COMMAND'

/**
 * `labbook exec PATTERN [options] -- COMMAND`: one command on the hosts that match, with the options of playbooks. One
 * word is a line for the shell; several are a command and its arguments, as for `docker exec`.
 *
 * @returns the exit code. @throws {UsageError}
 */
export async function execCommand(argv: readonly string[], root: string): Promise<number> {
  const end = argv.indexOf('--')
  const [pattern = '', ...options] = end === -1 ? argv : argv.slice(0, end)
  const words = end === -1 ? [] : argv.slice(end + 1)
  if (pattern === '' || pattern.startsWith('-')) throw new UsageError(`name the hosts first: ${USAGE}`)
  const isHelp = options.includes('--help') || options.includes('-h')
  if (words.length === 0 && !isHelp) throw new UsageError(`the command is missing: ${USAGE}`)
  const [line = 'true'] = words
  const task = words.length < 2 ? shell(line, { cmd: line }) : command(words.join(' '), { argv: words })
  const playbook = {
    name: 'exec',
    description: `Runs ${words.length === 0 ? 'one command' : `"${words.join(' ')}"`} on ${pattern}.`,
    steps: [play('Execute', { hosts: pattern }, () => [task])],
  }
  // The pattern also limits the run, so that no other host is asked for. -v shows the output.
  const exec = ['npx', 'labbook', 'exec']
  return await main(playbook, ['--limit', pattern, '-v', ...options], root, exec, [...exec, ...argv])
}
