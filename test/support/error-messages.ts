import ts from 'typescript'

/** A message for the user, as the source has it. */
export interface ErrorMessage {
  /** Its text, with `…` in place of each value. */
  readonly text: string
  /** `file:line`. */
  readonly place: string
}

/**
 * The messages of a source file: the first argument of `new NAME(...)`, for these names of error classes.
 *
 * @param alsoSentences - also all other texts of at least four words: what functions that explain a failure return.
 */
export function errorMessages(
  file: string,
  text: string,
  { classes, alsoSentences = false }: { readonly classes: RegExp; readonly alsoSentences?: boolean },
): ErrorMessage[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const messages: ErrorMessage[] = []
  const add = (node: ts.Node, message: string): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart())
    if (/\p{L}{3}/u.test(message)) messages.push({ text: message, place: `${file}:${line + 1}` })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && classes.test(node.expression.getText())) {
      const [message] = node.arguments ?? []
      if (message !== undefined) for (const text of branches(message)) add(node, oneLine(text))
      return
    }
    if (alsoSentences && ts.isExpression(node) && !ts.isNewExpression(node)) {
      const message = oneLine(textOf(node))
      if (message.replaceAll('…', '').trim().split(/\s+/).length >= 4 && message !== '…') {
        add(node, message)
        return
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return messages
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').replace(/…[…]+/g, '…').trim()

/** The texts of both branches of a condition. */
const branches = (node: ts.Expression): string[] =>
  ts.isConditionalExpression(node) ? [...branches(node.whenTrue), ...branches(node.whenFalse)] : [textOf(node)]

/** The text of an expression, as far as the source has it. */
function textOf(node: ts.Expression): string {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression)
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken)
    return textOf(node.left) + textOf(node.right)
  return '…'
}
