import ts from 'typescript'

/** A place of code that reads a variable of a host. */
export interface VariableRead {
  /** Undefined if only a run knows it: `vars[name]`. */
  readonly name: string | undefined
  /** `file:line: code`. */
  readonly place: string
}

/** `vars`, `extraVars`, `on.vars`, `on.hostvars(host)`; not `redisVars`, which is a declaration. */
const NAME_OF_VARIABLES = /^(?:vars|extraVars)$/
const FUNCTION_OF_VARIABLES = /^(?:hostvars|varsOf|varsWith|variablesOf)$/
/** The types of variables. */
const TYPE_OF_VARIABLES = /^(?:Vars|HostVars|ExtraVars)$/

/**
 * The variables of hosts that a source file reads: `vars.NAME`, `vars['NAME']`, `const { NAME } = vars`, and a call
 * with the variables and a name, such as `text(vars, 'NAME')`. Values count as variables by their name or their type,
 * and so does what is assigned from such a value.
 */
export function variableReads(file: string, text: string): VariableRead[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const aliases = new Set<string>()
  const reads: VariableRead[] = []

  const isVariables = (node: ts.Expression): boolean => {
    const inner = unwrapped(node)
    if (ts.isIdentifier(inner)) return NAME_OF_VARIABLES.test(inner.text) || aliases.has(inner.text)
    if (ts.isPropertyAccessExpression(inner)) return NAME_OF_VARIABLES.test(inner.name.text)
    if (ts.isCallExpression(inner)) return FUNCTION_OF_VARIABLES.test(nameOf(inner.expression))
    return false
  }
  const add = (name: string | undefined, node: ts.Node): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart())
    reads.push({ name, place: `${file}:${line + 1}: ${node.getText().replace(/\s+/g, ' ').slice(0, 80)}` })
  }
  const addPattern = (pattern: ts.ObjectBindingPattern): void => {
    for (const element of pattern.elements) {
      if (element.dotDotDotToken !== undefined) continue
      const key = element.propertyName ?? element.name
      add(ts.isIdentifier(key) || ts.isStringLiteral(key) ? key.text : undefined, element)
    }
  }
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && isVariables(node.expression) && !isCalled(node))
      add(node.name.text, node)
    if (ts.isElementAccessExpression(node) && isVariables(node.expression)) add(literal(node.argumentExpression), node)
    if (ts.isVariableDeclaration(node) || ts.isParameter(node)) {
      const hasVariables =
        (node.initializer !== undefined && isVariables(node.initializer)) ||
        (node.type !== undefined && isTypeOfVariables(node.type))
      if (hasVariables && ts.isObjectBindingPattern(node.name)) addPattern(node.name)
      if (hasVariables && ts.isIdentifier(node.name)) aliases.add(node.name.text)
    }
    if (ts.isCallExpression(node) && node.arguments.some(isVariables))
      // Further texts are defaults.
      node.arguments
        .flatMap((argument) => literal(argument) ?? [])
        .slice(0, 1)
        .forEach((name) => add(name, node))
    ts.forEachChild(node, visit)
  }
  visit(source)
  return reads
}

function unwrapped(node: ts.Expression): ts.Expression {
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node))
    return unwrapped(node.expression)
  return node
}

/** A method, such as of a list of variables: variables are data. */
const isCalled = (node: ts.Node): boolean => ts.isCallExpression(node.parent) && node.parent.expression === node

const nameOf = (node: ts.Expression): string =>
  ts.isIdentifier(node) ? node.text : ts.isPropertyAccessExpression(node) ? node.name.text : ''

const literal = (node: ts.Expression): string | undefined =>
  ts.isStringLiteralLike(node) && /^[a-z]\w*$/i.test(node.text) ? node.text : undefined

/** A parameter that takes variables apart may have the type written out. */
const isTypeOfVariables = (type: ts.TypeNode): boolean =>
  ts.isTypeReferenceNode(type) &&
  (TYPE_OF_VARIABLES.test(type.typeName.getText()) ||
    (ts.isParameter(type.parent) &&
      ts.isObjectBindingPattern(type.parent.name) &&
      type.getText() === 'Readonly<Record<string, unknown>>'))
