import type { Exhibit, TaskResult } from '../events/events.ts'
import { excerpt } from './format.ts'
import { textIn } from './translate.ts'
import type { Messages } from './messages/index.ts'

const MAX_COMMANDS = 1500
/** All scripts together. */
const MAX_CHARACTERS = 2_000_000
const SCRIPT_LINES = 12
const SCRIPT_WIDTH = 400

/** A command that changed a host or is shown as evidence. */
export interface Command {
  readonly host: string
  /** The task's name, or the exhibit's title. */
  readonly title: string
  readonly script: string
  readonly exitCode: number
  /** Id of the exhibit that has its output. */
  readonly exhibit?: string
  readonly durationMs: number | null
}

/** Collects commands in the order they ended. Beyond a limit they are only counted. */
export class CommandFold {
  readonly commands: Command[] = []
  /** Commands beyond the limit. */
  omitted = 0
  /** Number of probes. */
  probeCount = 0
  readonly #messages: Messages
  #remaining = MAX_CHARACTERS

  constructor(messages: Messages) {
    this.#messages = messages
  }

  addResult({ host, delegatedTo, task, commands }: TaskResult): void {
    for (const { kind, script, exitCode, durationMs } of commands) {
      if (kind === 'change') this.#add({ host: delegatedTo ?? host, title: task, script, exitCode, durationMs })
      else this.probeCount += 1
    }
  }

  addExhibit({ id, host, title, command, messages, exitCode, durationMs }: Exhibit): void {
    const script = textIn(messages?.command ?? command, this.#messages)
    this.#add({ host, title, script, exitCode, exhibit: id, durationMs })
  }

  #add(command: Command): void {
    if (this.commands.length >= MAX_COMMANDS || this.#remaining <= 0) {
      this.omitted += 1
      return
    }
    const script = excerpt(command.script.trim(), this.#messages.phrases.linesOmitted, {
      lines: SCRIPT_LINES,
      width: SCRIPT_WIDTH,
    })
    this.#remaining -= script.length
    this.commands.push({ ...command, script })
  }
}
