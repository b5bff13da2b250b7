const COMMAND = /(?:npx zx|node) playbooks\/([a-z0-9-]+)\.mjs([^#`|\n]*)/g

/** A command that a page shows. */
export interface DocumentedCommand {
  readonly playbook: string
  readonly args: readonly string[]
}

/** Splits as a shell does, as far as the documentation needs it. */
const wordsOf = (text: string): string[] =>
  [...text.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

/** The playbooks that a page runs, with their arguments. Those with a placeholder are left out. */
export const documentedCommands = (text: string): DocumentedCommand[] =>
  [...text.matchAll(COMMAND)]
    .map(([, playbook = '', rest = '']) => ({ playbook, args: wordsOf(rest.replace(/[.,):]+\s*$/, '')) }))
    .filter(({ args }) => !args.some((word) => /\.\.\.|[A-Z]{4}|^\[|[a-z_]=$|\]\]$|^RUN$/.test(word)))
