import type { Exhibit, TaskResult } from '../run/events.ts'
import { excerpt } from './format.ts'
import type { Words } from './words/index.ts'

const MOST = 1500
/** Characters of all that are kept. */
const ROOM = 2_000_000
const LINES = 12
const WIDTH = 400

/** A command that changed a machine or is shown as evidence. */
export interface Command {
  readonly host: string
  /** The task's name, or the exhibit's title. */
  readonly what: string
  readonly script: string
  readonly exitCode: number
  /** Where it is shown with its output. */
  readonly exhibit?: string
  readonly durationMs: number | null
}

/** Every command in the order it ended; from some number on they are only counted. */
export class CommandFold {
  readonly commands: Command[] = []
  /** How many are left out. */
  more = 0
  /** Commands that only looked. */
  looks = 0
  readonly #words: Words
  #room = ROOM

  constructor(words: Words) {
    this.#words = words
  }

  addResult({ host, delegatedTo, task, commands }: TaskResult): void {
    for (const { kind, script, exitCode, durationMs } of commands) {
      if (kind === 'change') this.#add({ host: delegatedTo ?? host, what: task, script, exitCode, durationMs })
      else this.looks += 1
    }
  }

  addExhibit({ id, host, title, command, exitCode, durationMs }: Exhibit): void {
    this.#add({ host, what: title, script: command, exitCode, exhibit: id, durationMs })
  }

  #add(command: Command): void {
    if (this.commands.length >= MOST || this.#room <= 0) {
      this.more += 1
      return
    }
    const script = excerpt(command.script.trim(), this.#words.says.linesLeftOut, { lines: LINES, width: WIDTH })
    this.#room -= script.length
    this.commands.push({ ...command, script })
  }
}
