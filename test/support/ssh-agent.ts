import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { endProcess } from './processes.ts'

/** A real SSH agent, which this process uses until it is stopped. */
export function startAgent(folder: string): { add(keyFile: string, passphrase: string): void; stop(): void } {
  const socket = join(folder, 'agent')
  const pid = Number(
    /SSH_AGENT_PID=(\d+)/.exec(execFileSync('ssh-agent', ['-s', '-a', socket], { encoding: 'utf8' }))?.[1],
  )
  process.env['SSH_AUTH_SOCK'] = socket
  const answer = join(folder, 'askpass')
  writeFileSync(answer, '#!/bin/sh\necho "$PASSPHRASE"\n', { mode: 0o755 })
  let runs = true
  return {
    add: (keyFile, passphrase) => {
      const env = {
        ...process.env,
        SSH_ASKPASS: answer,
        SSH_ASKPASS_REQUIRE: 'force',
        DISPLAY: ':0',
        PASSPHRASE: passphrase,
      }
      execFileSync('ssh-add', ['-q', keyFile], { env, stdio: 'pipe' })
    },
    stop: () => {
      if (runs) endProcess(pid)
      runs = false
      delete process.env['SSH_AUTH_SOCK']
    },
  }
}
