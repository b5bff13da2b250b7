import ts from 'typescript'
import { latinProse } from './latin-prose.ts'

/** Prose that a text of a report contains as a value: no catalogue has it. */
export interface UntranslatedValue {
  /** `playbooks/x.ts:12` */
  readonly at: string
  readonly text: string
}

/** Which arguments of a function reports show. The first one of `say` is a key of the catalogues. */
const TEXTS: Readonly<Record<string, readonly [from: number, to?: number]>> = {
  say: [1],
  lines: [0],
  joinTexts: [0],
  tableOf: [0, 1],
  verbatim: [0],
}

const COMPARISONS = new Set([
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.InKeyword,
])

/** The literals in values of texts in which words were left in English. */
export function untranslatedValues(file: string, source: string): UntranslatedValue[] {
  if (!/messages\/say\.ts'/.test(source)) return []
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true)
  const found: UntranslatedValue[] = []
  const check = (text: string, node: ts.Node): void => {
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart())
    if (latinProse(text).length > 0) found.push({ at: `${file}:${line + 1}`, text })
  }
  const literals = (node: ts.Node): void => {
    // A compared text is no part of the value.
    if (ts.isCallExpression(node) || (ts.isBinaryExpression(node) && COMPARISONS.has(node.operatorToken.kind))) {
      visit(node)
      return
    }
    if (ts.isStringLiteralLike(node)) check(node.text, node)
    else if (ts.isTemplateExpression(node))
      check([node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join('{}'), node)
    ts.forEachChild(node, literals)
  }
  const visit = (node: ts.Node): void => {
    const shown =
      ts.isCallExpression(node) && ts.isIdentifier(node.expression) ? TEXTS[node.expression.text] : undefined
    if (shown === undefined || !ts.isCallExpression(node)) ts.forEachChild(node, visit)
    else node.arguments.slice(...shown).forEach(literals)
  }
  visit(tree)
  return found
}
