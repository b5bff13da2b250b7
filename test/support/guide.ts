import { marked, type Token, type Tokens } from 'marked'

/** What a reader does with a block of code: enter its commands, or write a file. */
export type GuideStep =
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'file'; readonly path: string; readonly text: string }

const isOf = <T extends 'heading' | 'code'>(
  token: Token,
  type: T,
): token is T extends 'code' ? Tokens.Code : Tokens.Heading => token.type === type

/**
 * The steps of a page, in order: each line of an indented block is a command, without its comment, and a fenced block
 * that starts with the comment `// PATH` or `# PATH` is that file.
 *
 * @param section - only the steps under this heading.
 */
export function guideSteps(markdown: string, section?: string): GuideStep[] {
  const steps: GuideStep[] = []
  let isInside = section === undefined
  void marked.walkTokens(marked.lexer(markdown), (token) => {
    if (section !== undefined && isOf(token, 'heading') && token.depth <= 2) isInside = token.text === section
    if (isInside && isOf(token, 'code')) steps.push(...stepsOf(token))
  })
  return steps
}

function stepsOf({ codeBlockStyle, text }: Tokens.Code): GuideStep[] {
  if (codeBlockStyle === 'indented')
    return text
      .split('\n')
      .map((line) => line.replace(/\s+# .*$/, '').trim())
      .filter((command) => command !== '')
      .map((command) => ({ kind: 'command', command }))
  const path = /^(?:\/\/|#) ([\w./-]+\.\w+)\n/.exec(text)?.[1]
  return path === undefined ? [] : [{ kind: 'file', path, text: `${text}\n` }]
}
